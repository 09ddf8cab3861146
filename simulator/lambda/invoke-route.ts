import type { FastifyReply, FastifyRequest } from "fastify";
import type { Dispatcher } from "./dispatcher.js";
import { latest } from "./function-name.js";
import type { FunctionService } from "./function-service.js";
import { type InvokeRequest, readInvokeRequest } from "./invoke-request.js";
import { LambdaError } from "./lambda-error.js";

export type InvokeRoute = (
  functionName: string,
  body: Buffer,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply>;

/** The Invoke operation: `Event`, `RequestResponse` and `DryRun`. */
export function createInvokeRoute(service: FunctionService, dispatcher: Dispatcher): InvokeRoute {
  return async (functionName, body, request, reply) => {
    const record = service.get(functionName);
    const asked = readInvokeRequest(record, request.headers, body);
    const { type, tenantId, payload, clientContext, logType } = asked;
    service.settling.refusePending(functionName);
    switch (type) {
      case "DryRun":
        return reply.code(204).send();
      case "Event":
        dispatcher.enqueue(functionName, tenantId, payload, request.id);
        return reply.code(202).send();
      case "RequestResponse":
        return respond(
          await dispatcher.invoke(functionName, tenantId, payload, request.id, clientContext),
          reply,
          logType,
        );
      default:
        throw type satisfies never;
    }
  };
}

function respond(
  outcome: Awaited<ReturnType<Dispatcher["invoke"]>>,
  reply: FastifyReply,
  logType: InvokeRequest["logType"],
): FastifyReply {
  if (outcome.result === "cancelled") {
    throw new LambdaError("ResourceConflictException", "The function was deleted meanwhile");
  }
  reply.header("X-Amz-Executed-Version", latest).type("application/json");
  if (outcome.result === "error") reply.header("X-Amz-Function-Error", "Unhandled");
  const { logTail } = outcome;
  if (logType === "Tail" && logTail !== undefined) {
    reply.header("X-Amz-Log-Result", logTail.toString("base64"));
  }
  return reply.code(200).send(outcome.payload);
}
