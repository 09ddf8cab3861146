/** What a request is about: the function in its path, and the body it brings. */
import type { FastifyRequest } from "fastify";
import type { FunctionNames } from "./function-name.js";
import { qualifierQuery } from "./function-requests.js";
import { validate } from "./validation.js";

/** The one parameter of the path: a function, by name or by ARN. */
export function parameterOf(request: FastifyRequest): string {
  const [parameter] = Object.values(Object(request.params));
  return String(parameter);
}

export function qualifierOf(request: FastifyRequest): string | undefined {
  return validate(qualifierQuery, request.query).Qualifier;
}

export function nameOf(request: FastifyRequest, names: FunctionNames): string {
  return names.parse(parameterOf(request), qualifierOf(request));
}

export function namespacedNameOf(request: FastifyRequest, names: FunctionNames): string {
  return names.parseNamespaced(parameterOf(request), qualifierOf(request));
}

export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
