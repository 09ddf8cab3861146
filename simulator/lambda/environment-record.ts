/**
 * What is kept on disk of each environment, so that an engine that is started anew finds those that
 * the last one left running: `environments/<id>/environment.json`.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Log } from "../../platform/ports/log.js";
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
  /** null: idle, or not initialised yet. */
  current: invocationUnderWay.nullable(),
});
export type EnvironmentRecord = z.infer<typeof environmentRecord>;

/** It will ask for its first event: none need be started in its place. */
export function isLivingSpare({ owner, process }: EnvironmentRecord): boolean {
  return owner === null && isRunning(process.pid, process.identity);
}

const fileName = "environment.json";

/** Written whole or not at all; a failure is logged: what it costs is an adoption. */
export function writeEnvironmentRecord(
  directory: string,
  record: EnvironmentRecord,
  log: Log,
): void {
  const path = join(directory, record.id, fileName);
  try {
    // Variables may be secrets.
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    log.warn({ environment: record.id, error: String(error) }, "environment cannot be recorded");
  }
}

/** null: there is none, or none that can be read. */
export function readEnvironmentRecord(
  directory: string,
  id: string,
  log: Log,
): EnvironmentRecord | null {
  try {
    const text = readFileSync(join(directory, id, fileName), "utf8");
    const record = environmentRecord.parse(JSON.parse(text));
    return record.id === id ? record : null;
  } catch (error) {
    log.warn({ environment: id, error: String(error) }, "environment was left without a record");
    return null;
  }
}

/** The directory holds nothing else by now. */
export function removeEnvironmentRecord(directory: string, id: string): void {
  rmSync(join(directory, id), { recursive: true, force: true });
}
