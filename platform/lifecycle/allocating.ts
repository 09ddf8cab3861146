/** From a claim to a guest that serves, or to a failure that is written down. */
import { and, assign } from "xstate";
import { isElsewhere } from "./decide.js";
import { contending, elsewhere, followed } from "./elsewhere.js";
import { environmentLost, failureOfError, type HostContext } from "./host-context.js";
import { hostSetup } from "./host-setup.js";
import { isOurs } from "./written.js";

/** The environment that was invoked, also one that an earlier supervisor had accepted. */
const boarding = {
  "environment.started": {
    guard: "claimed",
    target: "registering",
    actions: "boardEnvironment",
  },
  "environment.resumed": {
    guard: "claimedBefore",
    target: "registering",
    actions: "boardEnvironment",
  },
} as const;

export const allocating = hostSetup.createStateConfig({
  initial: "claiming",
  entry: "forgetFailure",
  after: { bootTimeout: { actions: "noteTimeout" } },
  on: {
    "wake.requested": {},
    "cause.found": { actions: "takeCause" },
    "environment.frozen": {},
    "stop.requested": { actions: ["noteStopping", "takeCause"] },
    "guest.started": { guard: "current", actions: "noteStarted" },
    "guest.ready": { guard: "current", actions: "noteReady" },
    "guest.failed": {
      guard: "current",
      target: ".ending",
      actions: ["failBeforeReady", "leaveEnvironment"],
    },
    "guest.exited": {
      guard: "current",
      target: ".ending",
      actions: ["failBeforeReady", "leaveEnvironment"],
    },
    "environment.ended": {
      guard: "current",
      target: ".ending",
      actions: ["failBeforeReady", "leaveEnvironment"],
    },
  },
  states: {
    claiming: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({ record: context.record, wish: claimOf(context) }),
        onDone: [
          {
            guard: ({ event }) => event.output.result === "applied",
            target: "invoking",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "contended",
            actions: assign(({ context, event }) => ({
              record: event.output.record,
              rejections: context.rejections + 1,
            })),
          },
        ],
        onError: {
          target: "#host.failed",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
      on: { "environment.ended": {}, "guest.exited": {} },
    },
    /** The record is not what was believed: go by what it says now. */
    contended: {
      always: [
        { guard: "elsewhere", target: "elsewhere" },
        { guard: "claimableAgain", target: "claiming" },
        { guard: "leftBehind", target: "writing", actions: "failHeldElsewhere" },
        { target: "#host.failed", actions: "failHeldElsewhere" },
      ],
    },
    elsewhere,
    followed,
    helping: contending("help"),
    takingOver: contending("takeover"),
    invoking: {
      invoke: {
        src: "invoke",
        input: ({ context }) => ({ record: context.record }),
        onDone: { target: "booting" },
        onError: {
          target: "ending",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
      // The environment may be quicker than the answer to the invocation.
      on: boarding,
    },
    booting: {
      always: [
        // Its claim is another node's, which may yet bring it up: it is not ours to end.
        { guard: and(["stopping", "helpedInVain"]), target: "#host.imaginary" },
        { guard: "stoppingUnstarted", target: "#host.terminating.releasing" },
        { guard: "timedOut", target: "ending", actions: "failTimedOut" },
      ],
      on: boarding,
    },
    registering: {
      entry: "acceptEnvironment",
      invoke: {
        src: "transact",
        input: ({ context }) => ({
          record: context.record,
          wish: { type: "register", owner: context.environment ?? "" },
        }),
        onDone: [
          {
            guard: ({ event }) => event.output.result === "applied",
            target: "registered",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          { target: "ending", actions: "failHeldElsewhere" },
        ],
        onError: {
          target: "ending",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
      // The outcome of the write must be known before the failure is written over it.
      on: {
        "guest.failed": { guard: "current", actions: ["failBeforeReady", "leaveEnvironment"] },
        "guest.exited": { guard: "current", actions: ["failBeforeReady", "leaveEnvironment"] },
        "environment.ended": { guard: "current", actions: ["failBeforeReady", "leaveEnvironment"] },
      },
    },
    registered: {
      always: [
        { guard: "completed", target: "#host.terminating.releasing" },
        { guard: "ashore", target: "ending" },
        { target: "starting" },
      ],
    },
    starting: {
      entry: "openGate",
      always: [
        { guard: "stopping", target: "#host.terminating" },
        { guard: "ready", target: "#host.running", actions: "admitConnects" },
        { guard: "timedOut", target: "ending", actions: "failTimedOut" },
      ],
      on: {
        "lease.due": { guard: "current", actions: "noteRenewal" },
        "lease.expired": { guard: "current", target: "ending", actions: "fence" },
        "guest.exited": {
          guard: "completes",
          target: "#host.terminating.releasing",
          actions: ["failBeforeReady", "leaveEnvironment"],
        },
      },
    },
    /** Nothing of a boot that failed may run on when the failure is written. */
    ending: {
      entry: "terminateGuest",
      always: [
        // Its claimer may yet bring it up.
        { guard: "helpedInVain", target: "elsewhere" },
        { guard: "ashore", target: "writing" },
      ],
      after: { endProof: { target: "ending", reenter: true, actions: "killGuest" } },
      on: {
        "guest.exited": { guard: "current", actions: "leaveEnvironment" },
        "guest.failed": { guard: "current", actions: "leaveEnvironment" },
        "environment.ended": { guard: "current", actions: "leaveEnvironment" },
        "lease.due": { guard: "current", actions: "noteRenewal" },
        "lease.expired": { guard: "current", target: "ending", reenter: true, actions: "fence" },
      },
    },
    writing: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({
          record: context.record,
          wish: { type: "fail", ...(context.failure ?? environmentLost) },
        }),
        onDone: [
          {
            // A write whose outcome was unknown landed after all: write over that.
            guard: ({ context, event }) =>
              event.output.result === "rejected" &&
              isOurs(event.output.record, context) &&
              context.rejections < 3,
            target: "writing",
            reenter: true,
            actions: assign(({ context, event }) => ({
              record: event.output.record,
              rejections: context.rejections + 1,
            })),
          },
          {
            guard: ({ context, event }) =>
              context.settings.shared && isElsewhere(event.output.record, context.settings.nodeId),
            target: "elsewhere",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "#host.failed",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
        ],
        onError: { target: "#host.failed" },
      },
      on: { "environment.ended": {}, "guest.exited": {}, "guest.failed": {} },
    },
  },
});

/** Where nobody else has this store, whoever slept on "another" node did so under another name. */
function claimOf({ settings, routesLost }: HostContext) {
  return { type: "claim", displaces: !settings.shared || routesLost > 0 } as const;
}
