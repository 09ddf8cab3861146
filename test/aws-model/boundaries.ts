/** Values just inside and just outside what a shape of the model allows. */
import fc from "fast-check";
import type { Member, Model, Shape } from "./lambda-model.js";

export interface Boundaries {
  readonly inside: readonly unknown[];
  readonly outside: readonly unknown[];
}

const seed = 20_150_331;
const samplesMax = 3;
/** Patterns that the generator does not understand. */
const samples: ReadonlyMap<string, readonly string[]> = new Map([
  ["S3Bucket", ["a-bucket.b"]],
  ["KMSKeyArn", ["", "arn:aws:kms:us-east-1:000000000000:key/a"]],
  ["ResourceArn", ["", "arn:aws:sqs:us-east-1:000000000000:a"]],
]);
/** Candidates for what no pattern allows. */
const strange = ["a b", "ä", "a\tb", "?", "$", "a$b", "arn:aws", "not one", "x:y:z:", ""];

export function shapeOf(model: Model, { shape }: Member): Shape {
  const found = model.shapes[shape];
  if (found === undefined) throw new Error(`the model has no shape ${shape}`);
  return found;
}

/** Of one value that is no structure: its own limits; what it contains is walked by others. */
export function boundariesOf(model: Model, member: Member): Boundaries {
  const shape = shapeOf(model, member);
  switch (shape.type) {
    case "string":
      return stringBoundaries(shape, member.shape);
    case "integer":
    case "long":
      return numberBoundaries(shape);
    case "boolean":
      return { inside: [true, false], outside: ["yes", 1] };
    case "blob":
      return { inside: [], outside: [7, "no base64!"] };
    case "list":
      return listBoundaries(model, shape);
    case "map":
      return { inside: [{}], outside: ["x", ["x"]] };
    case "structure":
      return { inside: [], outside: ["x", 7] };
    default:
      throw new Error(`a shape of the type ${shape.type} is not known`);
  }
}

/** The smallest valid value; of a structure, what it requires. */
export function sampleOf(model: Model, member: Member): unknown {
  const shape = shapeOf(model, member);
  switch (shape.type) {
    case "structure":
      return Object.fromEntries(
        shape.required.map((name) => [name, sampleOf(model, memberNamed(shape, name))]),
      );
    case "list":
      return shape.member === undefined ? [] : [sampleOf(model, shape.member)];
    case "map":
      return {};
    case "blob":
      return "";
    default:
      return boundariesOf(model, member).inside[0];
  }
}

export function memberNamed(shape: Shape, name: string): Member {
  const member = shape.members[name];
  if (member === undefined) throw new Error(`the shape has no member ${name}`);
  return member;
}

function numberBoundaries({ min, max }: Shape): Boundaries {
  return {
    inside: [min ?? 0, ...(max === undefined ? [] : [max])],
    outside: [
      ...(min === undefined ? [] : [min - 1]),
      ...(max === undefined ? [] : [max + 1]),
      "seven",
      (min ?? 0) + 0.5,
    ],
  };
}

function stringBoundaries(shape: Shape, name: string): Boundaries {
  if (shape.enum !== undefined) {
    return { inside: shape.enum, outside: ["Nonsense", shape.enum[0]?.concat("x")] };
  }
  const { min = 0, max = Number.POSITIVE_INFINITY } = shape;
  const lengths = [min, max].filter(Number.isFinite).map((length) => "a".repeat(length));
  const beyond = [min - 1, max + 1]
    .filter((length) => Number.isFinite(length) && length >= 0)
    .map((length) => "a".repeat(length));
  const pattern = new RegExp(`^(?:${shape.pattern ?? "[^]*"})$`);
  const fits = (text: string) => pattern.test(text) && text.length >= min && text.length <= max;
  const made = samples.get(name) ?? (shape.pattern === undefined ? ["text"] : generate(pattern));
  const unlike = shape.pattern === undefined ? [] : strange.filter((text) => !pattern.test(text));
  return {
    inside: [...made.filter(fits).slice(0, samplesMax), ...lengths.filter(fits)],
    outside: [...beyond, ...unlike],
  };
}

function generate(pattern: RegExp): readonly string[] {
  return fc.sample(fc.stringMatching(pattern), { numRuns: 20, seed });
}

function listBoundaries(model: Model, { min, max, member }: Shape): Boundaries {
  if (member === undefined) throw new Error("a list has members");
  const listOf = (length: number) => Array.from({ length }, () => sampleOf(model, member));
  return {
    inside: [listOf(min ?? 0), ...(max === undefined ? [] : [listOf(max)])],
    outside: [
      ...(min === undefined || min === 0 ? [] : [listOf(min - 1)]),
      ...(max === undefined ? [] : [listOf(max + 1)]),
      "x",
    ],
  };
}
