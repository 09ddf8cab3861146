import { randomUUID } from "node:crypto";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Log } from "../../platform/ports/log.js";
import type { FunctionRecord } from "./function-record.js";
import {
  createRequest,
  eventInvokeRequest,
  listQuery,
  parseBody,
  parseFunctionName,
  tagRequest,
  updateCodeRequest,
  updateConfigurationRequest,
  validate,
} from "./function-requests.js";
import type { FunctionService } from "./function-service.js";
import type { InvokeRoute } from "./invoke-route.js";
import { LambdaError } from "./lambda-error.js";
import {
  codeLocation,
  configurationShape,
  eventInvokeShape,
  type ShapeContext,
} from "./response-shapes.js";

/** AWS's limit for creation and update of code; the other operations check their own. */
const requestBytesMax = 70_167_211;
const listItemsDefault = 50;
const functions = "/2015-03-31/functions";
const eventInvoke = "/2019-09-25/functions/:name/event-invoke-config";
const tags = "/2017-03-31/tags/:arn";

export interface ControlApiOptions {
  readonly service: FunctionService;
  readonly invoke: InvokeRoute;
  readonly shapes: ShapeContext;
  readonly timeoutSecondsMax: number;
  readonly log: Log;
}

/** Lambda's REST API: paths, methods and headers are those that AWS's own clients send. */
export function createControlApi(options: ControlApiOptions): FastifyInstance {
  const api = Fastify({
    bodyLimit: requestBytesMax,
    forceCloseConnections: true,
    // The client's pool decides when a connection ends: a close by us could meet a request.
    keepAliveTimeout: 0,
    genReqId: () => randomUUID(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
  });
  api.removeAllContentTypeParsers();
  api.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  api.addHook("onRequest", async (request, reply) => {
    reply.header("x-amzn-RequestId", request.id);
  });
  api.setErrorHandler((error, _request, reply) => replyError(error, reply, options.log));
  api.setNotFoundHandler((_request, reply) =>
    replyError(new LambdaError("UnknownOperationException", "unknown"), reply, options.log),
  );
  addFunctionRoutes(api, options);
  addEventInvokeRoutes(api, options);
  addTagRoutes(api, options);
  api.post(`${functions}/:name/invocations`, (request, reply) =>
    options.invoke(nameOf(request), bodyOf(request), request, reply),
  );
  return api;
}

function addFunctionRoutes(api: FastifyInstance, options: ControlApiOptions): void {
  const { service, shapes, timeoutSecondsMax } = options;
  const shape = (record: FunctionRecord) => configurationShape(record, shapes);
  api.post(functions, async (request, reply) => {
    const body = parseBody(createRequest(timeoutSecondsMax), bodyOf(request));
    const record = await service.create(parseFunctionName(body.FunctionName), body);
    return reply.code(201).send(shape(record));
  });
  api.get(functions, async (request) => {
    const { Marker, MaxItems = listItemsDefault } = validate(listQuery, request.query);
    const after = service.list().filter(({ name }) => Marker === undefined || name > Marker);
    const page = after.slice(0, MaxItems);
    const next = after.length > page.length ? page.at(-1)?.name : undefined;
    return { Functions: page.map(shape), ...(next === undefined ? {} : { NextMarker: next }) };
  });
  api.get(`${functions}/:name`, async (request) => {
    const record = service.get(nameOf(request));
    const withTags = Object.keys(record.tags).length === 0 ? {} : { Tags: record.tags };
    return { Configuration: shape(record), Code: codeLocation(record, shapes), ...withTags };
  });
  api.get(`${functions}/:name/configuration`, async (request) =>
    shape(service.get(nameOf(request))),
  );
  api.put(`${functions}/:name/code`, async (request) => {
    const body = parseBody(updateCodeRequest, bodyOf(request));
    return shape(await service.updateCode(nameOf(request), body));
  });
  api.put(`${functions}/:name/configuration`, async (request) => {
    const body = parseBody(updateConfigurationRequest(timeoutSecondsMax), bodyOf(request));
    return shape(service.updateConfiguration(nameOf(request), body));
  });
  api.delete(`${functions}/:name`, async (request, reply) => {
    await service.delete(nameOf(request));
    return reply.code(204).send();
  });
}

function addEventInvokeRoutes(api: FastifyInstance, { service, shapes }: ControlApiOptions): void {
  api.put(eventInvoke, async (request) => {
    const body = parseBody(eventInvokeRequest, bodyOf(request));
    return eventInvokeShape(service.putEventInvoke(nameOf(request), body), shapes);
  });
  api.get(eventInvoke, async (request) => eventInvokeShape(service.get(nameOf(request)), shapes));
  api.delete(eventInvoke, async (request, reply) => {
    service.deleteEventInvoke(nameOf(request));
    return reply.code(204).send();
  });
}

function addTagRoutes(api: FastifyInstance, { service }: ControlApiOptions): void {
  api.get(tags, async (request) => ({ Tags: service.get(nameOf(request)).tags }));
  api.post(tags, async (request, reply) => {
    const name = nameOf(request);
    const added = parseBody(tagRequest, bodyOf(request)).Tags;
    service.setTags(name, { ...service.get(name).tags, ...added });
    return reply.code(204).send();
  });
  api.delete(tags, async (request, reply) => {
    const name = nameOf(request);
    const removed = new URL(request.url, "http://lambda").searchParams.getAll("tagKeys");
    const kept = Object.entries(service.get(name).tags).filter(([key]) => !removed.includes(key));
    service.setTags(name, Object.fromEntries(kept));
    return reply.code(204).send();
  });
}

/** Every path has one parameter: the function, by name or by ARN. */
function nameOf(request: FastifyRequest): string {
  const [parameter] = Object.values(Object(request.params));
  return parseFunctionName(String(parameter));
}

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

function replyError(error: unknown, reply: FastifyReply, log: Log): FastifyReply {
  const known = asLambdaError(error);
  if (known === null) log.error({ error: String(error) }, "the Lambda control API failed");
  const shown = known ?? new LambdaError("ServiceException", "An internal error occurred");
  return reply.code(shown.status).header("x-amzn-ErrorType", shown.name).send(shown.body());
}

function asLambdaError(error: unknown): LambdaError | null {
  if (error instanceof LambdaError) return error;
  if (error instanceof Error && "code" in error && error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const message = `Request must be smaller than ${requestBytesMax} bytes`;
    return new LambdaError("RequestTooLargeException", message);
  }
  return null;
}
