/** The `Cloud` port of one supervisor's process, across a network that may lose the question. */
import { ImError } from "../../platform/errors/im-error.js";
import type { Cloud } from "../../platform/ports/cloud.js";
import type { InvocationEvent } from "../../platform/protocol/environment.js";
import type { Machine } from "./machine.js";
import type { Stage } from "./stage.js";

/** Of the SDK's request. */
const requestMs = 3_000;

export function cloudPort(machine: Machine, stage: Stage): Cloud {
  const { world, name } = machine;
  return {
    ensureFunction: async () => undefined,
    deleteFunction: async () => undefined,
    invoke: ({ functionName, tenantId, payload }) =>
      new Promise((resolve, reject) => {
        const { timeline, network } = world;
        if (stage.ended) return;
        if (!isEvent(payload)) throw new TypeError("not an event of a host");
        const event = payload;
        world.checks.invoked(name, event);
        const refuse = (received: string) =>
          reject(new ImError("IM_INVOKE_FAILED", { what: `invoke ${tenantId}`, received }));
        const timeout = stage.after(requestMs, () => refuse("no answer"));
        timeline.after(network.latencyMs(), () => {
          if (!network.passes(name, "cloud")) return;
          const answer = world.cloud().invoke(functionName, tenantId, event);
          world.trace.note("cloud", `${event.action} of ${tenantId} from ${name}: ${answer}`);
          if (answer === "no answer" || !network.passes("cloud", name)) return;
          timeline.after(network.latencyMs(), () =>
            stage.deliver(() => {
              stage.cancel(timeout);
              if (answer === "accepted") resolve();
              else refuse(answer);
            }),
          );
        });
      }),
    hasten: (functionName, tenantId) => {
      if (!stage.ended) world.cloud().hasten(functionName, tenantId, name);
    },
  };
}

/** Its shape is the platform's own: to verify it each time costs more than all that follows. */
function isEvent(payload: unknown): payload is InvocationEvent {
  return typeof payload === "object" && payload !== null && "action" in payload;
}
