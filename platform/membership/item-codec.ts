/** Between a host's record and its item. Attribute names are short: each byte is paid for. */
import assert from "node:assert";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import type { HostRecord, RecordFailure } from "../ports/membership.js";

export const attributeNames = {
  state: "st",
  incarnation: "inc",
  version: "rv",
  owner: "own",
  node: "at",
  operation: "op",
  claim: "clm",
  attempt: "try",
  leaseMs: "ls",
  memory: "mem",
  failure: "err",
} as const satisfies Partial<Record<keyof HostRecord, string>>;

export type Field = keyof typeof attributeNames;
export const fieldNames = Object.keys(attributeNames) as Field[];

export type Item = Record<string, AttributeValue>;

export const keySchema = [
  { AttributeName: "PK", KeyType: "HASH" },
  { AttributeName: "SK", KeyType: "RANGE" },
] as const;

const hostItem = "S";

export function keyOf(deployId: string, host: string): Item {
  assert(!/#/.test(deployId + host), "neither a deployment's id nor a host's name has a #");
  return { PK: { S: `${partitionPrefix(deployId)}${host}` }, SK: { S: hostItem } };
}

/** What the partition keys of all hosts of a deployment begin with. */
export function partitionPrefix(deployId: string): string {
  return `H#${deployId}#`;
}

export function encodeValue(value: string | number | RecordFailure): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  const { code, message, count } = value;
  return { M: { code: { S: code }, message: { S: message }, count: { N: String(count) } } };
}

const text = z.object({ S: z.string() }).transform((value) => value.S);
const count = z.object({ N: z.string().regex(/^\d+$/) }).transform((value) => Number(value.N));
const state = z.enum(["imaginary", "allocating", "running", "suspended", "failed"]);

const hostItemSchema = z.object({
  PK: text,
  st: text.pipe(state),
  inc: count,
  rv: count,
  own: text.optional(),
  at: text.optional(),
  op: text,
  clm: text.optional(),
  try: count,
  ls: count,
  mem: text.optional(),
  err: z
    .object({ M: z.object({ code: text, message: text, count }) })
    .transform((value) => value.M)
    .optional(),
});

/** Throws on an item that this software did not write. */
export function decodeRecord(item: Item): HostRecord {
  const parsed = hostItemSchema.parse(item);
  const { PK, st, inc, rv, own, at, op, clm, try: attempt, ls, mem, err } = parsed;
  const [kind, deployId, host, ...rest] = PK.split("#");
  if (kind !== "H" || deployId === undefined || host === undefined || rest.length > 0) {
    throw new TypeError(`not the key of a host: ${PK}`);
  }
  return {
    deployId,
    host,
    state: st,
    incarnation: inc,
    version: rv,
    owner: own ?? null,
    node: at ?? null,
    operation: op,
    claim: clm ?? null,
    attempt,
    leaseMs: ls,
    memory: mem ?? null,
    failure: err ?? null,
  };
}
