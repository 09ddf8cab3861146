/**
 * Whether the environment of a life has an invocation, which no state of the life tells: one ends
 * before its deadline and the next one takes over, in the middle of a boot as of anything else.
 *
 *   none ──aboard──▶ held ──environment.returning──▶ handing over: settling ──▶ calling ──▶ awaited
 *    │                ▲                                  │            ▲          │           │
 *    │                └──────environment.continued───────┘         pausing ◀─────┴───────────┘
 *    └──adopting──▶ sought ──no word──▶ handing over                    refused, misdirected
 *
 * A host that is to sleep returns, too, and is `asleep` until it is wanted.
 *
 * There is no limit to the attempts, but one to their time: then the life is told to end, and the
 * environment is still invoked until it does, since a frozen one cannot.
 */
import { meantBy } from "./host-context.js";
import { hostSetup } from "./host-setup.js";

export const invocation = hostSetup.createStateConfig({
  initial: "none",
  states: {
    none: {
      always: [
        { guard: "seeking", target: "sought" },
        { guard: "sleeping", target: "asleep" },
        { guard: "returned", target: "handingOver" },
        { guard: "invoked", target: "held" },
      ],
      // Of a life that ended meanwhile.
      on: { "environment.misdirected": {} },
    },
    /** An earlier supervisor left it: one that runs finds this one, one that is frozen does not. */
    sought: {
      always: [
        { guard: "unneeded", target: "none" },
        { guard: "returned", target: "handingOver" },
        { guard: "invoked", target: "held" },
      ],
      after: { reconnection: { target: "handingOver" } },
      on: {
        "environment.returning": { guard: "current", target: "handingOver" },
        "environment.misdirected": {},
      },
    },
    held: {
      always: { guard: "unneeded", target: "none" },
      on: {
        "environment.returning": [
          { guard: "currentAsleep", target: "asleep", actions: "noteReturned" },
          { guard: "current", target: "handingOver", actions: "noteReturned" },
        ],
        // Of an event that was repeated and not needed.
        "environment.misdirected": {},
      },
    },
    /** Nobody needs it: it is not invoked. */
    asleep: {
      always: [
        { guard: "unneeded", target: "none" },
        { guard: "invoked", target: "held" },
        { guard: "wanted", target: "handingOver" },
      ],
      on: {
        "environment.returning": {},
        "environment.misdirected": {},
        // Of an event from before, or of a late repetition.
        "environment.continued": { guard: "current", actions: "noteContinued" },
      },
    },
    handingOver: {
      initial: "settling",
      always: [
        { guard: "unneeded", target: "none" },
        { guard: "invoked", target: "held" },
        { guard: "sleeping", target: "asleep" },
      ],
      exit: "forgetRecalls",
      after: { continuation: { guard: "returned", actions: "noteAbandoned" } },
      on: {
        "environment.returning": { guard: "current" },
        "environment.continued": { guard: "current", actions: "noteContinued" },
      },
      states: {
        /** An event that is there before the environment asks for it goes to another one. */
        settling: {
          always: { guard: "frozen", target: "calling" },
          after: { recallDelay: { target: "calling" } },
          on: { "environment.misdirected": {} },
        },
        calling: {
          entry: "noteRecall",
          invoke: {
            src: "recall",
            input: ({ context }) => ({
              incarnation: context.record?.incarnation ?? 0,
              memory: meantBy(context),
            }),
            onDone: { target: "awaited" },
            onError: { target: "pausing" },
          },
          after: { recallDeadline: { target: "pausing" } },
          // The wrong environment may be quicker than the answer to the invocation.
          on: { "environment.misdirected": { guard: "current", target: "pausing" } },
        },
        awaited: {
          after: { recallAnswer: { target: "calling" } },
          on: { "environment.misdirected": { guard: "current", target: "pausing" } },
        },
        pausing: {
          after: { recallPause: { target: "calling" } },
          on: { "environment.misdirected": { guard: "current" } },
        },
      },
    },
  },
});
