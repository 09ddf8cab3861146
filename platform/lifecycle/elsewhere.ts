/**
 * A host that another node has: what becomes of it is followed until it is there, or free, or to be
 * taken from a node that is not there any more.
 *
 *   contended ─▶ elsewhere ─there─▶ running.elsewhere: connects are carried there
 *                   │ ├─free, lost─▶ claiming
 *                   │ ├─help───────▶ helping ────applied─▶ invoking
 *                   └─└─expired────▶ takingOver ─applied─▶ invoking
 */
import { assign } from "xstate";
import { failureOfError } from "./host-context.js";
import { hostSetup } from "./host-setup.js";

/** Of an environment that was invoked here in vain: the life is another node's all the same. */
const ofNobodysLife = {
  "guest.failed": {},
  "guest.exited": {},
  "environment.ended": {},
} as const;

export const elsewhere = hostSetup.createStateConfig({
  always: [
    { guard: "timedOut", target: "#host.failed", actions: "failTimedOut" },
    { guard: "unreached", target: "#host.failed", actions: "failNotReached" },
  ],
  on: ofNobodysLife,
  invoke: {
    src: "follow",
    input: ({ context }) => ({ record: context.record, unreachable: context.routesLost > 0 }),
    onDone: {
      target: "#host.allocating.followed",
      actions: assign(({ event }) => event.output),
    },
    onError: {
      target: "#host.failed",
      actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
    },
  },
});

/** What was found out. */
export const followed = hostSetup.createStateConfig({
  always: [
    { guard: "isThere", target: "#host.running.elsewhere" },
    { guard: "toHelp", target: "#host.allocating.helping" },
    { guard: "toTakeOver", target: "#host.allocating.takingOver" },
    { guard: "hasFailed", target: "#host.failed" },
    { target: "#host.allocating.claiming" },
  ],
});

/** A write to get hold of a claim that somebody left. */
export function contending(type: "help" | "takeover") {
  return hostSetup.createStateConfig({
    on: ofNobodysLife,
    invoke: {
      src: "transact",
      input: ({ context }) => ({ record: context.record, wish: { type } }),
      onDone: [
        {
          guard: ({ event }) => event.output.result === "applied",
          target: "#host.allocating.invoking",
          actions: assign(({ event }) => ({ record: event.output.record, routesLost: 0 })),
        },
        {
          target: "#host.allocating.contended",
          actions: assign(({ event }) => ({ record: event.output.record })),
        },
      ],
      onError: {
        target: "#host.failed",
        actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
      },
    },
  });
}

/** Another node serves it, or wakes it when it is asked. */
export const runningElsewhere = hostSetup.createStateConfig({
  entry: "routeConnects",
  after: { route: { target: "#host.imaginary" } },
  on: {
    ...ofNobodysLife,
    "wake.requested": { actions: ["takeCause", "routeConnects"] },
    "stop.requested": { target: "#host.imaginary" },
    "route.lost": {
      guard: "sameIncarnation",
      target: "#host.allocating.elsewhere",
      actions: "noteRouteLost",
    },
  },
});
