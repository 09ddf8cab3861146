import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import type { SignatureCheck } from "../signature/signature-check.js";
import { SignatureError } from "../signature/signature-error.js";
import type { RequestHead } from "../signature/stated-signature.js";
import { addConcurrencyRoutes } from "./concurrency-routes.js";
import { addEventInvokeRoutes } from "./event-invoke-routes.js";
import type { FunctionNames } from "./function-name.js";
import { addFunctionRoutes } from "./function-routes.js";
import type { FunctionService } from "./function-service.js";
import type { InvokeRoute } from "./invoke-route.js";
import { LambdaError } from "./lambda-error.js";
import { bodyOf, namespacedNameOf } from "./request-target.js";
import type { ShapeContext } from "./response-shapes.js";
import { addTagRoutes } from "./tag-routes.js";
import { invalid } from "./validation.js";

/** Of a synchronous event, and of every request that brings no code. */
const requestBytesMax = 6_291_456;
/** Of a request whose signature is not accepted. */
const refusedStatus = 403;
/** No shorter than what Node takes as a head: what is too long for AWS is refused in its words. */
const parameterLengthMax = 16_384;
const invocations = "/2015-03-31/functions/:name/invocations";

export interface ControlApiOptions extends ShapeContext {
  readonly service: FunctionService;
  readonly names: FunctionNames;
  readonly region: string;
  readonly invoke: InvokeRoute;
  readonly timeoutSecondsMax: number;
  /** What all functions together may run at once. */
  readonly concurrencyMax: number;
  /** null: whoever reaches the socket may call. */
  readonly signatures: SignatureCheck | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** Every request is validated with zod: Fastify's own compilers would only take 60 ms to load. */
const ownSchemas = {
  compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema },
};

function refuseSchema(): never {
  throw new Error("no route has a schema of Fastify's");
}

/** Lambda's REST API: paths, methods and headers are those that AWS's own clients send. */
export function createControlApi(options: ControlApiOptions): FastifyInstance {
  const api = Fastify({
    bodyLimit: requestBytesMax,
    forceCloseConnections: true,
    schemaController: ownSchemas,
    // The client's pool decides when a connection ends: a close by us could meet a request.
    keepAliveTimeout: 0,
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => replyUnroutable(error, request, reply, options),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: parameterLengthMax },
  });
  api.removeAllContentTypeParsers();
  api.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  api.addHook("onRequest", async (request, reply) => {
    reply.header("x-amzn-RequestId", request.id);
  });
  api.setErrorHandler((error, request, reply) => replyError(error, request, reply, options.log));
  api.setNotFoundHandler((request, reply) => {
    const unknown = new LambdaError("UnknownOperationException", "The operation is not known");
    return replyError(unknown, request, reply, options.log);
  });
  if (options.signatures !== null) requireSignatures(api, options.signatures);
  addFunctionRoutes(api, options);
  addEventInvokeRoutes(api, options);
  addConcurrencyRoutes(api, options);
  addTagRoutes(api, options);
  api.post(invocations, (request, reply) => {
    const name = namespacedNameOf(request, options.names);
    return options.invoke(name, bodyOf(request), request, reply);
  });
  return api;
}

/** Of a path that cannot be decoded no hook is told: whoever has no key learns no more of it. */
function replyUnroutable(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { signatures, log }: ControlApiOptions,
): void {
  reply.header("x-amzn-RequestId", request.id);
  try {
    signatures?.admit(headOf(request.raw));
    throw invalid(error.message);
  } catch (refusal) {
    replyError(refusal, request, reply, log);
  }
}

/** In two steps: only whoever names the key gets a body read into memory. */
function requireSignatures(api: FastifyInstance, signatures: SignatureCheck): void {
  api.addHook("onRequest", async ({ raw }) => signatures.admit(headOf(raw)));
  api.addHook("preHandler", (request) => signatures.verify(headOf(request.raw), bodyOf(request)));
}

function headOf({ method = "", url = "", headers }: IncomingMessage): RequestHead {
  return { method, url, headers };
}

function replyError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  if (error instanceof SignatureError) {
    const { name, message } = error;
    return reply.code(refusedStatus).header("x-amzn-ErrorType", name).send({ message });
  }
  const known = asLambdaError(error, request);
  if (known === null) log.error({ error: String(error) }, "the Lambda control API failed");
  const shown = known ?? new LambdaError("ServiceException", "An internal error occurred");
  return reply.code(shown.status).header("x-amzn-ErrorType", shown.name).send(shown.body());
}

function asLambdaError(error: unknown, { routeOptions }: FastifyRequest): LambdaError | null {
  if (error instanceof LambdaError) return error;
  if (error instanceof Error && "code" in error && error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const name =
      routeOptions.url === invocations
        ? "RequestTooLargeException"
        : "RequestEntityTooLargeException";
    return new LambdaError(name, `Request must be smaller than ${routeOptions.bodyLimit} bytes`);
  }
  return null;
}
