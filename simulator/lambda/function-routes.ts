import type { FastifyInstance } from "fastify";
import type { ControlApiOptions } from "./control-api.js";
import { latest } from "./function-name.js";
import type { FunctionRecord } from "./function-record.js";
import {
  createRequest,
  listQuery,
  updateCodeRequest,
  updateConfigurationRequest,
} from "./function-requests.js";
import { bodyOf, nameOf, namespacedNameOf, qualifierOf } from "./request-target.js";
import { codeLocation, configurationShape } from "./response-shapes.js";
import { invalid, parseBody, validate } from "./validation.js";

/** AWS's limit for creation and update of code. */
export const codeRequestBytesMax = 70_167_211;
/** AWS's: a page is never longer, whatever was asked for. */
const pageItemsMax = 50;
const functions = "/2015-03-31/functions";

/** Functions themselves: created, read, listed, changed and deleted. */
export function addFunctionRoutes(api: FastifyInstance, options: ControlApiOptions): void {
  addReadingRoutes(api, options);
  const { service, names, timeoutSecondsMax } = options;
  const shape = (record: FunctionRecord) =>
    configurationShape(record, service.settling.of(record.name), options);
  const withCode = { bodyLimit: codeRequestBytesMax };
  api.post(functions, withCode, async (request, reply) => {
    const body = parseBody(createRequest(timeoutSecondsMax), bodyOf(request));
    const record = await service.create(names.parseNew(body.FunctionName), body);
    return reply.code(201).send(shape(record));
  });
  api.put(`${functions}/:name/code`, withCode, async (request) => {
    const body = parseBody(updateCodeRequest, bodyOf(request));
    return shape(await service.updateCode(nameOf(request, names), body));
  });
  api.put(`${functions}/:name/configuration`, async (request) => {
    const body = parseBody(updateConfigurationRequest(timeoutSecondsMax), bodyOf(request));
    return shape(service.updateConfiguration(nameOf(request, names), body));
  });
  api.delete(`${functions}/:name`, async (request, reply) => {
    const name = nameOf(request, names);
    if (qualifierOf(request) === latest) {
      throw invalid(`${latest} version cannot be deleted without deleting the function.`);
    }
    await service.delete(name);
    return reply.code(204).send();
  });
}

function addReadingRoutes(api: FastifyInstance, options: ControlApiOptions): void {
  const { service, names, region } = options;
  const shape = (record: FunctionRecord) =>
    configurationShape(record, service.settling.of(record.name), options);
  api.get(functions, async (request) => {
    const query = validate(listQuery, request.query);
    const { Marker = "", MaxItems = pageItemsMax, MasterRegion = "ALL" } = query;
    const isHere = MasterRegion === "ALL" || MasterRegion === region;
    const after = isHere ? service.list().filter(({ name }) => name > Marker) : [];
    const page = after.slice(0, Math.min(MaxItems, pageItemsMax));
    const next = after.length > page.length ? page.at(-1)?.name : undefined;
    const shapes = page.map((record) =>
      query.FunctionVersion === undefined
        ? shape(record)
        : { ...shape(record), FunctionArn: `${names.arnOf(record.name)}:${latest}` },
    );
    return { Functions: shapes, ...(next === undefined ? {} : { NextMarker: next }) };
  });
  api.get(`${functions}/:name`, async (request) => {
    const record = service.get(namespacedNameOf(request, names));
    const { tags, reservedConcurrency } = record;
    return {
      Configuration: shape(record),
      Code: codeLocation(record, options),
      ...(Object.keys(tags).length === 0 ? {} : { Tags: tags }),
      ...(reservedConcurrency === null
        ? {}
        : { Concurrency: { ReservedConcurrentExecutions: reservedConcurrency } }),
    };
  });
  api.get(`${functions}/:name/configuration`, async (request) =>
    shape(service.get(namespacedNameOf(request, names))),
  );
}
