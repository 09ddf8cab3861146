/** From a life that is to end, or has ended, to a record that says so. */
import { and, assign } from "xstate";
import type { HostRecord, WriteOutcome } from "../ports/membership.js";
import { asleep } from "./decide.js";
import { environmentLost, failureOfError, type HostContext } from "./host-context.js";
import { hostSetup } from "./host-setup.js";
import { isOurs } from "./written.js";

/** A write whose end was not known, or a renewal, came before: write over that. */
function isOvertaken({ result, record }: WriteOutcome, context: HostContext): boolean {
  return result === "rejected" && isOurs(record, context) && context.rejections < 3;
}

export const terminating = hostSetup.createStateConfig({
  initial: "ending",
  on: {
    "wake.requested": {},
    "stop.requested": {},
    "sleep.requested": {},
    "cause.found": {},
    "environment.frozen": {},
    "guest.ready": {},
    "guest.started": {},
  },
  states: {
    /** Membership has given it up; its end may have been heard while that was asked. */
    disowned: { always: [{ guard: "gone", target: "releasing" }, { target: "ending" }] },
    ending: {
      entry: "terminateGuest",
      after: { endProof: { target: "ending", reenter: true, actions: "killGuest" } },
      on: {
        "guest.exited": { guard: "current", target: "releasing", actions: "leaveEnvironment" },
        "guest.failed": { guard: "current", target: "releasing", actions: "leaveEnvironment" },
        "environment.ended": { guard: "current", target: "releasing", actions: "leaveEnvironment" },
        "lease.due": { guard: "current", actions: "noteRenewal" },
        "lease.expired": { guard: "current", target: "ending", reenter: true, actions: "fence" },
        // Stopped by a supervisor that had not met it yet, or had lost sight of it.
        "environment.resumed": {
          guard: "owned",
          target: "ending",
          reenter: true,
          actions: "boardEnvironment",
        },
        // It was never told to start its guest, and is refused now: nothing of it will run.
        "environment.started": { guard: and(["owned", "neverBoarded"]), target: "releasing" },
      },
    },
    releasing: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({
          record: context.record,
          wish: { type: wishOf(context.record) },
        }),
        onDone: [
          {
            guard: ({ context, event }) => isOvertaken(event.output, context),
            target: "releasing",
            reenter: true,
            actions: assign(({ context, event }) => ({
              record: event.output.record,
              rejections: context.rejections + 1,
            })),
          },
          {
            target: "#host.imaginary",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
        ],
        onError: {
          target: "#host.failed",
          actions: assign(({ event }) => ({ failure: failureOfError(event.error) })),
        },
      },
      on: { "environment.ended": {}, "guest.exited": {} },
    },
    /** It crashed again: the next connects fail until the back-off is over. */
    writing: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({
          record: context.record,
          wish: { type: "fail", ...(context.failure ?? environmentLost) },
        }),
        onDone: [
          {
            guard: ({ context, event }) => isOvertaken(event.output, context),
            target: "writing",
            reenter: true,
            actions: assign(({ context, event }) => ({
              record: event.output.record,
              rejections: context.rejections + 1,
            })),
          },
          {
            target: "#host.failed",
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
        ],
        onError: { target: "#host.failed" },
      },
      on: { "environment.ended": {}, "guest.exited": {} },
    },
  },
});

/** A life that ended in its sleep has nobody who owns it. */
function wishOf(record: HostRecord | null): "release" | "discard" {
  return asleep(record) ? "discard" : "release";
}
