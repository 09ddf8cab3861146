/**
 * One host's life, as data: which state follows, and what the supervisor is asked to do.
 *
 *   imaginary ──wake.requested──▶ allocating ──guest ready──▶ running
 *       ▲             ▲           claiming → invoking → booting → registering → starting
 *       │             │              │ whatever goes wrong                │
 *       │             │              ▼                                    ▼
 *       │             └── failed ◀─ writing ◀─ ending          guest.exited, stop.requested
 *       │                                                                 │
 *       └──────────────── terminating: releasing ◀── ending ◀─────────────┘
 *
 * failed waits out its back-off; the next wake.requested after that claims again. A life that an
 * earlier supervisor of this node left behind is taken up where its record says it is. Beside it,
 * `invocation` sees to it that the environment is invoked again whenever an invocation ends before
 * the life does. An event that neither names is refused aloud.
 */
import { and } from "xstate";
import { allocating } from "./allocating.js";
import { resuming, suspended, suspending } from "./asleep.js";
import { runningElsewhere } from "./elsewhere.js";
import { freshActivation } from "./host-context.js";
import { hostSetup } from "./host-setup.js";
import { invocation } from "./invocation.js";
import { lease } from "./lease.js";
import { terminating } from "./terminating.js";

const running = hostSetup.createStateConfig({
  initial: "serving",
  on: {
    "wake.requested": {},
    "sleep.requested": {},
    "cause.found": {},
    "environment.frozen": {},
    "stop.requested": { target: "#host.terminating", actions: ["takeCause", "forgetCrashes"] },
    "guest.started": { guard: "current" },
    "guest.ready": { guard: "current" },
    "guest.exited": [
      {
        guard: "crashedAgain",
        target: "#host.terminating.writing",
        actions: ["failAfterReady", "leaveEnvironment", "countCrash"],
      },
      {
        guard: "current",
        target: "#host.terminating.releasing",
        actions: ["failAfterReady", "leaveEnvironment", "countCrash"],
      },
    ],
    "environment.ended": {
      guard: "current",
      target: "#host.terminating.releasing",
      actions: ["failAfterReady", "leaveEnvironment"],
    },
  },
  states: {
    serving: {
      entry: ["beAwake", "keepAwake"],
      always: [
        { guard: "stopping", target: "#host.terminating", actions: "forgetCrashes" },
        { guard: "abandoned", target: "#host.terminating", actions: "failNotContinued" },
      ],
      after: { stable: { actions: "forgetCrashes" } },
      on: {
        "sleep.requested": {
          guard: "notRenewing",
          target: "#host.suspending",
          actions: "takeCause",
        },
        "lease.due": { guard: "current", actions: "noteRenewal" },
        "lease.expired": { guard: "current", target: "#host.terminating", actions: "fence" },
      },
    },
    /** Membership says running; the environment has to say so to this supervisor, too. */
    adopting: {
      entry: "seek",
      exit: "stopSeeking",
      after: { adoption: { target: "#host.terminating.releasing", actions: "failGone" } },
      on: {
        // Its environment cannot be told to end before it is found.
        "stop.requested": { actions: ["noteStopping", "takeCause"] },
        "environment.resumed": [
          {
            guard: and(["owned", "unready"]),
            target: "#host.allocating.starting",
            actions: ["boardEnvironment", "acceptEnvironment"],
          },
          {
            guard: "owned",
            target: "serving",
            actions: ["boardEnvironment", "acceptEnvironment", "openGate", "admitConnects"],
          },
        ],
        // It was registered, and the supervisor died before it could say so.
        "environment.started": {
          guard: "owned",
          target: "#host.allocating.starting",
          actions: ["boardEnvironment", "acceptEnvironment"],
        },
      },
    },
    elsewhere: runningElsewhere,
  },
});

const life = hostSetup.createStateConfig({
  id: "host",
  initial: "found",
  states: {
    /** A host whose record an earlier supervisor of this node left in the middle of a life. */
    found: {
      always: [
        { guard: "leftWithoutSockets", target: "terminating", actions: "seek" },
        { guard: "leftAsleep", target: "suspended", actions: "recallSleep" },
        { guard: "leftResuming", target: "resuming.recalling", actions: "recallMemory" },
        { guard: "leftRunning", target: "running.adopting" },
        // Another invocation could start a guest beside the one that was accepted already.
        { guard: "leftInvoked", target: "allocating.booting" },
        { guard: "leftAllocating", target: "allocating.invoking" },
        { target: "imaginary" },
      ],
    },
    imaginary: {
      entry: ["rest", "watchPlaceholders"],
      on: {
        "wake.requested": { target: "allocating", actions: "takeCause" },
        "stop.requested": {},
        "environment.ended": {},
        "environment.frozen": {},
        "guest.exited": {},
      },
    },
    allocating,
    running,
    suspending,
    suspended,
    resuming,
    terminating,
    failed: {
      initial: "waiting",
      entry: ["rest", "refuseConnects", "watchPlaceholders"],
      states: {
        waiting: {
          after: { backOff: { target: "retryable" } },
          on: {
            "wake.requested": [
              { guard: "byHand", target: "#host.allocating", actions: "takeCause" },
              { actions: "refuseConnects" },
            ],
          },
        },
        retryable: {
          on: { "wake.requested": { target: "#host.allocating", actions: "takeCause" } },
        },
      },
      on: {
        "stop.requested": {},
        "environment.ended": {},
        "environment.frozen": {},
        "guest.exited": {},
      },
    },
  },
});

export const hostMachine = hostSetup.createMachine({
  id: "machine",
  type: "parallel",
  context: ({ input }) => ({
    ...freshActivation,
    settings: input.settings,
    record: input.record,
    failure: null,
    lastEnvironment: input.lastEnvironment,
    adopting: input.adopting,
    crashes: 0,
  }),
  on: {
    "*": { actions: "refuseEvent" },
    // They are about one state of the life, and may come when that is over.
    "lease.due": {},
    "lease.expired": {},
    "route.lost": {},
  },
  states: { life, invocation, lease },
});
