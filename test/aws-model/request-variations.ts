/** All requests that differ from a valid one in a single value, by walking the input's shape. */
import { boundariesOf, sampleOf, shapeOf } from "./boundaries.js";
import type { Member, Model, Operation, Shape } from "./lambda-model.js";

export type Input = Readonly<Record<string, unknown>>;

export interface Variation {
  /** `VpcConfig.SubnetIds`, say. */
  readonly path: string;
  readonly value: unknown;
  readonly isInside: boolean;
  readonly input: Input;
}

interface Change {
  readonly path: string;
  readonly value: unknown;
  readonly isInside: boolean;
  /** The value at the walk's place, changed. */
  readonly changed: unknown;
}

/** `undefined` stands for a required member that is left out. */
export function variationsOf(model: Model, operation: Operation, base: Input): Variation[] {
  if (operation.input === undefined) return [];
  const shape = shapeOf(model, operation.input);
  return structureChanges(model, shape, base).flatMap(({ changed, ...change }) =>
    isObject(changed) ? [{ ...change, input: changed }] : [],
  );
}

function structureChanges(model: Model, shape: Shape, base: Input): Change[] {
  return Object.entries(shape.members).flatMap(([name, member]) => {
    const replace = (value: unknown) => ({ ...base, [name]: value });
    // The payload is any JSON: it has tests of its own.
    if (name === shape.payload) return [];
    const changes = isText(member)
      ? textChanges(model, member)
      : changesOf(model, member, base[name]);
    const left = shape.required.includes(name) && member.location !== "uri" ? [leftOut] : [];
    return [...changes, ...left].map((change) => ({
      ...change,
      path: change.path === "" ? name : `${name}.${change.path}`,
      changed: replace(change.changed),
    }));
  });
}

const leftOut: Change = { path: "", value: undefined, isInside: false, changed: undefined };

/** In a path, a query or a header everything is text, and nothing is empty. */
function isText({ location }: Member): boolean {
  return location === "uri" || location === "querystring" || location === "header";
}

function textChanges(model: Model, member: Member): Change[] {
  const shape = shapeOf(model, member);
  if (shape.type === "list") return [];
  const { inside, outside } = boundariesOf(model, member);
  const isSendable = (value: unknown) => value !== "" && !/[^\x20-\x7e]/.test(String(value));
  return [...changesTo(inside, true), ...changesTo(outside, false)].filter(
    ({ value }) => member.location === "querystring" || isSendable(value),
  );
}

function changesOf(model: Model, member: Member, base: unknown): Change[] {
  const shape = shapeOf(model, member);
  const { inside, outside } = boundariesOf(model, member);
  const others = shape.type === "string" ? [7, ["x"]] : [];
  const own = [...changesTo(inside, true), ...changesTo([...outside, ...others], false)];
  return [...own, ...innerChanges(model, shape, member, base)];
}

function innerChanges(model: Model, shape: Shape, member: Member, base: unknown): Change[] {
  const { member: element, key, value } = shape;
  if (shape.type === "structure") {
    const valid = isObject(base) ? base : sampleOf(model, member);
    return isObject(valid) ? structureChanges(model, shape, valid) : [];
  }
  if (element !== undefined) {
    return changesOf(model, element, undefined).map((change) => ({
      ...change,
      path: change.path === "" ? "member" : `member.${change.path}`,
      changed: [change.changed],
    }));
  }
  if (key === undefined || value === undefined) return [];
  const sample = sampleOf(model, value);
  const keys = boundariesOf(model, key);
  const asKey = (isInside: boolean) => (name: unknown) => ({
    path: "key",
    value: name,
    isInside,
    changed: { [String(name)]: sample },
  });
  const ofValues = changesOf(model, value, undefined).map((change) => ({
    ...change,
    path: "value",
    changed: { [String(sampleOf(model, key))]: change.changed },
  }));
  return [...keys.inside.map(asKey(true)), ...keys.outside.map(asKey(false)), ...ofValues];
}

function changesTo(values: readonly unknown[], isInside: boolean): Change[] {
  return values.map((value) => ({ path: "", value, isInside, changed: value }));
}

function isObject(value: unknown): value is Input {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
