/** Answers held against the model: shapes of results, names, statuses and shapes of errors. */
import { shapeOf } from "./boundaries.js";
import type { Answer } from "./http-request.js";
import type { Member, Model, Operation, Shape } from "./lambda-model.js";

/** What in an answer is not as the model says; nothing: it is right. */
export function faultsOf(model: Model, operation: Operation, answer: Answer): readonly string[] {
  if (answer.status >= 300) return errorFaults(model, operation, answer);
  const { responseCode } = operation.http;
  const expected = responseCode === undefined ? [200, 202, 204] : [responseCode];
  const faults = expected.includes(answer.status) ? [] : [`status ${answer.status}`];
  if (operation.output === undefined) {
    return answer.body.length === 0 ? faults : [...faults, "a body where none is modelled"];
  }
  const shape = shapeOf(model, operation.output);
  if (shape.payload !== undefined) return faults;
  return [...faults, ...valueFaults(model, shape, JSON.parse(answer.body.toString()), "")];
}

export function errorName({ headers }: Answer): string {
  return headers["x-amzn-errortype"] ?? "";
}

function errorFaults(model: Model, operation: Operation, answer: Answer): readonly string[] {
  const name = errorName(answer);
  const isDeclared = operation.errors.some(({ shape }) => shape === name);
  if (!isDeclared) return [`${name || answer.status} is not declared for ${operation.name}`];
  const shape = shapeOf(model, { shape: name });
  const status = shape.error?.httpStatusCode;
  const faults = status === answer.status ? [] : [`${name} with status ${answer.status}`];
  return [...faults, ...valueFaults(model, shape, JSON.parse(answer.body.toString()), name)];
}

function valueFaults(model: Model, shape: Shape, value: unknown, path: string): readonly string[] {
  const at = (name: string) => `${path}.${name}`;
  const inner = (member: Member, each: unknown, name: string) =>
    valueFaults(model, shapeOf(model, member), each, at(name));
  switch (shape.type) {
    case "structure":
      if (!isObject(value)) return [`${path} is no structure`];
      return Object.entries(value).flatMap(([name, each]) => {
        const member = shape.members[name];
        return member === undefined ? [`${at(name)} is not modelled`] : inner(member, each, name);
      });
    case "list":
      if (!Array.isArray(value)) return [`${path} is no list`];
      return value.flatMap((each, index) =>
        shape.member === undefined ? [] : inner(shape.member, each, String(index)),
      );
    case "map":
      if (!isObject(value)) return [`${path} is no map`];
      return Object.entries(value).flatMap(([key, each]) => [
        ...(shape.key === undefined ? [] : inner(shape.key, key, key)),
        ...(shape.value === undefined ? [] : inner(shape.value, each, key)),
      ]);
    case "string":
      return textFaults(shape, value, path);
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path} is no boolean`];
    case "timestamp":
      return typeof value === "number" ? [] : [`${path} is no time`];
    default:
      return numberFaults(shape, value, path);
  }
}

function textFaults(shape: Shape, value: unknown, path: string): readonly string[] {
  if (typeof value !== "string") return [`${path} is no text`];
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern = "[^]*" } = shape;
  const isFit =
    value.length >= min &&
    value.length <= max &&
    new RegExp(`^(?:${pattern})$`).test(value) &&
    (shape.enum?.includes(value) ?? true);
  return isFit ? [] : [`${path} is ${JSON.stringify(value)}`];
}

function numberFaults({ min, max }: Shape, value: unknown, path: string): readonly string[] {
  const isFit =
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= (min ?? value) &&
    value <= (max ?? value);
  return isFit ? [] : [`${path} is ${JSON.stringify(value)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
