/**
 * AWS's own model of Lambda's API, as botocore carries it: Debian's package `awscli` brings one of
 * 2022. What has come since and is served here is added from the fixture, which has the form of
 * botocore's own additions (`service-2.sdk-extras.json`).
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

const member = z.object({
  shape: z.string(),
  location: z.enum(["uri", "querystring", "header", "statusCode"]).optional(),
  locationName: z.string().optional(),
});
export type Member = z.infer<typeof member>;

const shape = z.object({
  type: z.string(),
  members: z.record(z.string(), member).default({}),
  required: z.array(z.string()).default([]),
  payload: z.string().optional(),
  /** Of a list. */
  member: member.optional(),
  /** Of a map. */
  key: member.optional(),
  value: member.optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.string()).optional(),
  error: z.object({ httpStatusCode: z.number() }).optional(),
});
export type Shape = z.infer<typeof shape>;

const operation = z.object({
  name: z.string(),
  http: z.object({
    method: z.string(),
    requestUri: z.string(),
    responseCode: z.number().optional(),
  }),
  input: member.optional(),
  output: member.optional(),
  errors: z.array(member).default([]),
});
export type Operation = z.infer<typeof operation>;

const model = z.object({
  operations: z.record(z.string(), operation),
  shapes: z.record(z.string(), shape),
});
export type Model = z.infer<typeof model>;

const additionsFile = new URL(
  "../../../test/fixtures/engine/lambda-model-additions.json",
  import.meta.url,
);

/** Where botocore is a module of its own, or a part of the AWS CLI as in Debian. */
const findModule = `
import os
try:
    import botocore
except ImportError:
    from awscli import botocore
print(os.path.dirname(botocore.__file__))
`;

export interface Botocore {
  /** The Python that has it: Debian's is not always the first in PATH. */
  readonly python: string;
  readonly directory: string;
}

/** null: the machine has none. */
export function findBotocore(): Botocore | null {
  for (const python of ["/usr/bin/python3", "python3"]) {
    const { status, stdout } = spawnSync(python, ["-c", findModule], { encoding: "utf8" });
    if (status === 0) return { python, directory: stdout.trim() };
  }
  return null;
}

/** The model with the additions, as JSON for botocore itself. */
export function readMergedModel({ directory }: Botocore): string {
  const path = `${directory}/data/lambda/2015-03-31/service-2.json`;
  const additions: unknown = JSON.parse(readFileSync(additionsFile, "utf8"));
  return JSON.stringify(merge(JSON.parse(readPlainOrPacked(path)), additions));
}

export function parseModel(json: string): Model {
  return model.parse(JSON.parse(json));
}

function readPlainOrPacked(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    return gunzipSync(readFileSync(`${path}.gz`)).toString("utf8");
  }
}

/** Objects are merged member by member; everything else is replaced. */
function merge(base: unknown, added: unknown): unknown {
  if (!isObject(base) || !isObject(added)) return added;
  const merged = Object.entries(added).map(([key, value]) => [key, merge(base[key], value)]);
  return { ...base, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
