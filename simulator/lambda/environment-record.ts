/**
 * What is kept of each environment, so that an engine that is started anew finds those that the
 * last one left running.
 */
import { z } from "zod";
import { functionRecord } from "./function-record.js";
import { isRunning } from "./process-table.js";

/** The identity excludes another process that got the number later. */
const recordedProcess = z.object({ pid: z.int().positive(), identity: z.string() });
export type RecordedProcess = z.infer<typeof recordedProcess>;

const invocationUnderWay = z.object({
  requestId: z.string(),
  record: functionRecord,
  /** Wall clock. */
  startedAtMs: z.number(),
  deadlineAtMs: z.number(),
});

export const environmentRecord = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  blueprint: z.object({
    key: z.string(),
    logName: z.string(),
    codeKey: z.string(),
    handler: z.string(),
    variables: z.record(z.string(), z.string()),
    identity: z.object({ functionName: z.string(), memoryMb: z.number() }).nullable(),
  }),
  functionName: z.string().nullable(),
  tenantId: z.string().nullable(),
  /** null: it never had an event. */
  owner: z.string().nullable(),
  /** Of the bootstrap. */
  process: recordedProcess,
  /** Of finished invocations. */
  billedMs: z.number(),
  /** Taken out of what its processes printed. */
  outputBytes: z.int().nonnegative().default(0),
  /** null: idle, or not initialised yet. */
  current: invocationUnderWay.nullable(),
});
export type EnvironmentRecord = z.infer<typeof environmentRecord>;

/** It will ask for its first event: none need be started in its place. */
export function isLivingSpare({ owner, process }: EnvironmentRecord): boolean {
  return owner === null && isRunning(process.pid, process.identity);
}
