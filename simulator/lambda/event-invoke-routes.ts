/** What becomes of asynchronous events: how often they are repeated, and how old they get. */
import type { FastifyInstance } from "fastify";
import type { ControlApiOptions } from "./control-api.js";
import { latest } from "./function-name.js";
import type { FunctionRecord } from "./function-record.js";
import {
  type EventInvokeRequest,
  eventInvokeListQuery,
  eventInvokeRequest,
} from "./function-requests.js";
import { LambdaError } from "./lambda-error.js";
import { bodyOf, nameOf } from "./request-target.js";
import { eventInvokeShape } from "./response-shapes.js";
import { invalid, parseBody, validate } from "./validation.js";

const path = "/2019-09-25/functions/:name/event-invoke-config";

type EventInvoke = NonNullable<FunctionRecord["eventInvoke"]>;

export function addEventInvokeRoutes(api: FastifyInstance, options: ControlApiOptions): void {
  const { service, names, clock } = options;
  const find = (name: string) => {
    const { eventInvoke } = service.get(name);
    if (eventInvoke !== null) return eventInvoke;
    const message = `The function ${names.arnOf(name)}:${latest} doesn't have an EventInvokeConfig`;
    throw new LambdaError("ResourceNotFoundException", message);
  };
  const keep = (name: string, eventInvoke: EventInvoke) => {
    service.change(name, { eventInvoke });
    return eventInvokeShape(name, eventInvoke, names);
  };
  api.put(path, async (request) => {
    const name = nameOf(request, names);
    return keep(name, settingsOf(parseBody(eventInvokeRequest, bodyOf(request)), clock.nowMs()));
  });
  api.post(path, async (request) => {
    const name = nameOf(request, names);
    const changed = settingsOf(parseBody(eventInvokeRequest, bodyOf(request)), clock.nowMs());
    const { retriesMax, ageSecondsMax } = find(name);
    return keep(name, {
      ...changed,
      retriesMax: changed.retriesMax ?? retriesMax,
      ageSecondsMax: changed.ageSecondsMax ?? ageSecondsMax,
    });
  });
  api.get(path, async (request) => {
    const name = nameOf(request, names);
    return eventInvokeShape(name, find(name), names);
  });
  api.delete(path, async (request, reply) => {
    const name = nameOf(request, names);
    find(name);
    service.change(name, { eventInvoke: null });
    return reply.code(204).send();
  });
  api.get(`${path}/list`, async (request) => {
    validate(eventInvokeListQuery, request.query);
    const name = nameOf(request, names);
    const { eventInvoke } = service.get(name);
    const own = eventInvoke === null ? [] : [eventInvokeShape(name, eventInvoke, names)];
    return { FunctionEventInvokeConfigs: own };
  });
}

function settingsOf(request: EventInvokeRequest, nowMs: number): EventInvoke {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = request;
  const all = [MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig];
  if (all.every((setting) => setting === undefined)) {
    throw invalid("You must specify at least one of error handling or destination setting.");
  }
  return {
    retriesMax: MaximumRetryAttempts ?? null,
    ageSecondsMax: MaximumEventAgeInSeconds ?? null,
    lastModifiedMs: nowMs,
  };
}
