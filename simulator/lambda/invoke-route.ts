import type { FastifyReply, FastifyRequest } from "fastify";
import type { Dispatcher } from "./dispatcher.js";
import type { FunctionRecord } from "./function-record.js";
import { parseJson, tenantId as tenantIdSchema, validate } from "./function-requests.js";
import type { FunctionService } from "./function-service.js";
import { LambdaError } from "./lambda-error.js";

const synchronousBytesMax = 6_291_456;
const asynchronousBytesMax = 1_048_576;

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
    const type = header(request, "x-amz-invocation-type") ?? "RequestResponse";
    const tenantId = tenantOf(record, request);
    switch (type) {
      case "DryRun":
        return reply.code(204).send();
      case "Event":
        dispatcher.enqueue(
          functionName,
          tenantId,
          payloadOf(body, asynchronousBytesMax),
          request.id,
        );
        return reply.code(202).send();
      case "RequestResponse":
        return respond(
          await dispatcher.invoke(
            functionName,
            tenantId,
            payloadOf(body, synchronousBytesMax),
            request.id,
          ),
          reply,
        );
      default:
        throw new LambdaError(
          "InvalidParameterValueException",
          `Value at 'invocationType' failed to satisfy constraint: ${type} is not a type`,
        );
    }
  };
}

function respond(
  outcome: Awaited<ReturnType<Dispatcher["invoke"]>>,
  reply: FastifyReply,
): FastifyReply {
  if (outcome.result === "cancelled") {
    throw new LambdaError("ResourceConflictException", "The function was deleted meanwhile");
  }
  reply.header("X-Amz-Executed-Version", "$LATEST").type("application/json");
  if (outcome.result === "error") reply.header("X-Amz-Function-Error", "Unhandled");
  return reply.code(200).send(outcome.payload);
}

function tenantOf(record: FunctionRecord, request: FastifyRequest): string | null {
  const tenantId = header(request, "x-amz-tenant-id");
  if (record.perTenant !== (tenantId !== undefined)) {
    const message = record.perTenant
      ? "The invoked function is enabled with tenancy configuration. Add a valid tenant ID"
      : "The invoked function is not enabled with tenancy configuration. Remove the tenant ID";
    throw new LambdaError("InvalidParameterValueException", `${message} in your request.`);
  }
  return tenantId === undefined ? null : validate(tenantIdSchema, tenantId);
}

/** The event as the runtime will get it. */
function payloadOf(body: Buffer, bytesMax: number): Buffer {
  if (body.length > bytesMax) {
    const message = `Request must be smaller than ${bytesMax} bytes`;
    const operation = "for the InvokeFunction operation";
    throw new LambdaError("RequestTooLargeException", `${message} ${operation}`);
  }
  if (body.length === 0) return Buffer.from("{}");
  parseJson(body);
  return body;
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
