/**
 * The lease of a host that serves, where several nodes share the store: one write at a time, so
 * that no other write of the life meets a version that it does not know. Who may serve until when
 * is the supervisor's to count; here is only the write.
 */
import { assign, raise } from "xstate";
import { hostSetup } from "./host-setup.js";
import { isOurs } from "./written.js";

export const lease = hostSetup.createStateConfig({
  initial: "standing",
  states: {
    standing: { always: { guard: "renewing", target: "renewing" } },
    renewing: {
      invoke: {
        src: "transact",
        input: ({ context }) => ({ record: context.record, wish: { type: "renew" } }),
        onDone: [
          {
            guard: ({ context, event }) =>
              event.output.result === "applied" &&
              event.output.record.version > (context.record?.version ?? 0),
            target: "standing",
            actions: ["endRenewal", assign(({ event }) => ({ record: event.output.record }))],
          },
          {
            // A renewal whose end was not known landed after all.
            guard: ({ context, event }) =>
              event.output.result === "rejected" &&
              isOurs(event.output.record, context) &&
              event.output.record?.state === "running",
            target: "renewing",
            reenter: true,
            actions: assign(({ event }) => ({ record: event.output.record })),
          },
          {
            target: "standing",
            actions: [
              "endRenewal",
              raise(({ context }) => ({
                type: "lease.expired" as const,
                incarnation: context.record?.incarnation ?? 0,
              })),
            ],
          },
        ],
        onError: { target: "standing", actions: "endRenewal" },
      },
    },
  },
});
