import { createHash } from "node:crypto";
import { z } from "zod";

/** What is known of a function; kept on disk as JSON. */
export const functionRecord = z.object({
  name: z.string(),
  description: z.string(),
  role: z.string(),
  runtime: z.string(),
  architecture: z.string(),
  handler: z.string(),
  timeoutSeconds: z.number(),
  memoryMb: z.number(),
  variables: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  perTenant: z.boolean(),
  // Records of earlier versions do not have what carries a default.
  ephemeralStorageMb: z.number().default(512),
  tracingMode: z.string().default("PassThrough"),
  /** null: the one that bears the function's name. */
  logGroup: z.string().nullable().default(null),
  recursiveLoop: z.enum(["Allow", "Terminate"]).default("Terminate"),
  /** SHA-256 of the zip, hexadecimal: names the unpacked directory. */
  codeKey: z.string().regex(/^[0-9a-f]{64}$/),
  codeBytes: z.number(),
  lastModified: z.string(),
  revisionId: z.string(),
  /** null: it shares what the account has left. */
  reservedConcurrency: z.int().nonnegative().nullable().default(null),
  eventInvoke: z
    .object({
      retriesMax: z.number().nullable(),
      ageSecondsMax: z.number().nullable(),
      lastModifiedMs: z.number(),
    })
    .nullable(),
});
export type FunctionRecord = z.infer<typeof functionRecord>;

/** A function that carries this tag shares its spare environments with others of equal code. */
export const spareTag = { name: "im:spare", value: "shared" } as const;

/** What an environment is made from: functions with equal blueprints can share environments. */
export interface Blueprint {
  readonly key: string;
  /** Of the log file that the output of its environments goes to. */
  readonly logName: string;
  readonly codeKey: string;
  readonly handler: string;
  readonly variables: Readonly<Record<string, string>>;
  /** null: shared, the function is known only when the first event comes. */
  readonly identity: { readonly functionName: string; readonly memoryMb: number } | null;
}

export function blueprintOf(record: FunctionRecord): Blueprint {
  const shared = record.tags[spareTag.name] === spareTag.value;
  const identity = shared ? null : { functionName: record.name, memoryMb: record.memoryMb };
  const variables = Object.entries(record.variables).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = JSON.stringify([record.codeKey, record.handler, variables, identity]);
  const key = createHash("sha256").update(parts).digest("hex");
  return {
    key,
    logName: shared ? `shared.${key.slice(0, 12)}` : record.name,
    codeKey: record.codeKey,
    handler: record.handler,
    variables: record.variables,
    identity,
  };
}
