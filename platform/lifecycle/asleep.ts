/**
 * From a host that is idle to one that sleeps with its memory, and back:
 *
 *   running ─▶ suspending: writing ──▶ returning ─▶ freezing ─▶ suspended
 *      ▲                      │ needed             │ needed          │ needed, or to end
 *      │                      ▼                    ▼                 ▼
 *      └─── resuming: selfResuming   registering ◀─ recalling ◀─ writing
 *
 * What needs the host while it is being suspended is noted, and turns it round at the next point
 * where membership and the environment say the same. A write that fails is tried until the store
 * is back: what waits for a host that sleeps is not lost, and neither is its memory.
 */
import { assign } from "xstate";
import { failureOfError } from "./host-context.js";
import { hostSetup } from "./host-setup.js";
import { awake, beingResumed, sleeping } from "./written.js";

/** Taken up where the write, or the answer, that is waited for has come. */
const noteEnd = {
  guard: "current",
  actions: ["failAfterReady", "giveUpEnvironment"],
} as const;

const endAsleep = { ...noteEnd, target: "terminating.releasing" } as const;

/** One that was taken up after a restart. */
const meet = {
  guard: "remembered",
  actions: ["boardEnvironment", "acceptEnvironment", "stopSeeking"],
} as const;

export const suspending = hostSetup.createStateConfig({
  initial: "writing",
  on: {
    "wake.requested": { actions: ["noteNeeded", "takeCause"] },
    "sleep.requested": {},
    "stop.requested": { actions: ["noteStopping", "noteNeeded", "takeCause"] },
    "cause.found": { actions: "takeCause" },
    "guest.started": { guard: "current" },
    "guest.ready": { guard: "current" },
    "guest.exited": noteEnd,
    "environment.ended": noteEnd,
    "environment.frozen": { guard: "current", actions: "noteFrozen" },
    // Before it is known whether it is written that it sleeps.
    "lease.expired": { guard: "current", target: "#host.terminating", actions: "fence" },
  },
  states: {
    writing: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({ record: context.record, wish: { type: "suspend" } }),
        onDone: [
          {
            guard: ({ context, event }) => sleeping(event.output.record, context.lastEnvironment),
            target: "written",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "#host.terminating.disowned",
            actions: "failHeldElsewhere",
          },
        ],
        // It may have been applied after all.
        onError: { target: "#host.resuming.selfResuming" },
      },
    },
    written: {
      always: [
        { guard: "gone", target: "#host.terminating.releasing" },
        { guard: "needed", target: "#host.resuming.selfResuming" },
        { target: "returning" },
      ],
    },
    /** Told to answer its invocation, and not invoked again until it is needed. */
    returning: {
      entry: ["fallAsleep", "suspendEnvironment"],
      always: [
        { guard: "gone", target: "#host.terminating.releasing" },
        { guard: "returned", target: "freezing" },
      ],
      after: { returnDeadline: { target: "#host.resuming.selfResuming" } },
    },
    freezing: {
      always: [
        { guard: "gone", target: "#host.terminating.releasing" },
        { guard: "needed", target: "#host.resuming" },
        { guard: "frozen", target: "#host.suspended" },
      ],
      after: { freezeDeadline: { target: "#host.suspended" } },
    },
  },
});

export const suspended = hostSetup.createStateConfig({
  always: { guard: "needed", target: "resuming", actions: "hastenEnvironment" },
  after: { termination: { guard: "terminates", target: "resuming", actions: "endSleep" } },
  on: {
    "wake.requested": { target: "resuming", actions: ["hastenEnvironment", "takeCause"] },
    "stop.requested": { target: "resuming", actions: ["noteStopping", "takeCause"] },
    "sleep.requested": {},
    "environment.frozen": { guard: "current", actions: "noteFrozen" },
    "guest.exited": endAsleep,
    "environment.ended": endAsleep,
    // A late repetition of an event has set it going.
    "environment.continued": { guard: "current", target: "resuming.selfResuming" },
    "environment.resumed": { ...meet, target: "resuming.met" },
  },
});

export const resuming = hostSetup.createStateConfig({
  initial: "writing",
  on: {
    // Its guests are about to run: whoever has come would be let in, and cut off.
    "wake.requested": [
      { guard: "expiring", actions: ["hastenEnvironment", "liveOn", "gateQueues"] },
      {},
    ],
    "sleep.requested": {},
    "environment.frozen": {},
    "stop.requested": { actions: ["noteStopping", "takeCause"] },
    "cause.found": { actions: "takeCause" },
    "guest.started": { guard: "current" },
    "guest.ready": { guard: "current" },
    "guest.exited": noteEnd,
    "environment.ended": noteEnd,
    "environment.resumed": meet,
  },
  states: {
    /** It speaks, though membership says that it sleeps. */
    met: {
      always: [{ guard: "invoked", target: "selfResuming" }, { target: "writing" }],
    },
    writing: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({ record: context.record, wish: { type: "resume" } }),
        onDone: [
          {
            guard: ({ context, event }) =>
              beingResumed(event.output.record, context.lastEnvironment, context.settings.nodeId),
            target: "recalling",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "#host.terminating.disowned",
            actions: ["failHeldElsewhere", "wakeUp"],
          },
        ],
        onError: {
          target: "unwritten",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
    },
    unwritten: {
      always: { guard: "gone", target: "#host.terminating.releasing" },
      after: { retry: { target: "writing" } },
    },
    /** `invocation` sees to it that the environment is invoked. */
    recalling: {
      // Who comes from here on would be let in by guests that are about to be ended.
      entry: ["wakeUp", "gateQueues"],
      always: [
        { guard: "gone", target: "#host.terminating.releasing" },
        { guard: "abandoned", target: "#host.terminating", actions: "failNotContinued" },
        // Of the store. One of the guests stays: they are gone.
        { guard: "invoked", target: "registering", actions: "forgetFailure" },
      ],
    },
    registering: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({
          record: context.record,
          wish: { type: "register", owner: context.lastEnvironment ?? "" },
        }),
        onDone: [
          {
            guard: ({ context, event }) => awake(event.output.record, context.lastEnvironment),
            target: "registered",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "#host.terminating.disowned",
            actions: "failHeldElsewhere",
          },
        ],
        onError: {
          target: "unregistered",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
    },
    unregistered: {
      always: { guard: "gone", target: "#host.terminating.releasing" },
      after: { retry: { target: "registering" } },
    },
    /** It has never slept, or does so no more. */
    selfResuming: {
      entry: "wakeUp",
      invoke: {
        src: "transact",
        input: ({ context }) => ({ record: context.record, wish: { type: "selfResume" } }),
        onDone: [
          {
            guard: ({ context, event }) => awake(event.output.record, context.lastEnvironment),
            target: "registered",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            // Nobody knew that it had been written that it sleeps.
            guard: ({ context, event }) =>
              context.record?.state !== "suspended" &&
              sleeping(event.output.record, context.lastEnvironment),
            target: "selfResuming",
            reenter: true,
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "#host.terminating.disowned",
            actions: "failHeldElsewhere",
          },
        ],
        onError: {
          target: "unresumed",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
    },
    unresumed: {
      always: { guard: "gone", target: "#host.terminating.releasing" },
      after: { retry: { target: "selfResuming" } },
    },
    registered: {
      always: [
        { guard: "gone", target: "#host.terminating.releasing" },
        { guard: "stopping", target: "#host.terminating", actions: "forgetFailure" },
        {
          // Its ports are new to this supervisor: what no guest has is to refuse, as it did.
          guard: ({ context }) => context.adopting !== null,
          target: "#host.running",
          actions: ["forgetFailure", "admitConnects", assign({ adopting: null })],
        },
        { target: "#host.running", actions: "forgetFailure" },
      ],
    },
  },
});
