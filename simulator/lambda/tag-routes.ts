import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ControlApiOptions } from "./control-api.js";
import { tagRequest, untagQuery } from "./function-requests.js";
import { hasTagsRoom } from "./function-settings.js";
import { bodyOf, parameterOf } from "./request-target.js";
import { invalid, parseBody, validate } from "./validation.js";

const path = "/2017-03-31/tags/:arn";

export function addTagRoutes(api: FastifyInstance, { service, names }: ControlApiOptions): void {
  const functionOf = (request: FastifyRequest) => service.get(names.parseArn(parameterOf(request)));
  api.get(path, async (request) => ({ Tags: functionOf(request).tags }));
  api.post(path, async (request, reply) => {
    const { name, tags: current } = functionOf(request);
    const tags = { ...current, ...parseBody(tagRequest, bodyOf(request)).Tags };
    if (!hasTagsRoom(tags)) throw invalid("The function would have too many tags");
    service.change(name, { tags });
    return reply.code(204).send();
  });
  api.delete(path, async (request, reply) => {
    const { name, tags: current } = functionOf(request);
    const { tagKeys } = validate(untagQuery, request.query);
    const kept = Object.entries(current).filter(([key]) => !tagKeys.includes(key));
    service.change(name, { tags: Object.fromEntries(kept) });
    return reply.code(204).send();
  });
}
