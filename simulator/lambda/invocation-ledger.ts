import { join } from "node:path";
import type { Invocation } from "./invocation.js";
import { LogFile } from "./log-file.js";

/**
 * The record of who was invoked and what it cost: AWS's START, END and REPORT lines in the
 * function's log, each START once more in the engine's, and the sum of what was billed.
 */
export class InvocationLedger {
  readonly #logs = new Map<string, LogFile>();
  /** By function, then by tenant; "" stands for no tenant. */
  readonly #billedMs = new Map<string, Map<string, number>>();

  constructor(
    private readonly logDirectory: string,
    private readonly engineLog: LogFile,
  ) {}

  /** Log of a function, or of the spares that several functions share. */
  log(name: string): LogFile {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const log = new LogFile(join(this.logDirectory, `${name}.log`));
    this.#logs.set(name, log);
    return log;
  }

  start({ requestId, record, tenantId }: Invocation): void {
    const line = `START RequestId: ${requestId} Version: $LATEST`;
    this.log(record.name).line(line);
    const tenant = tenantId === null ? "" : ` Tenant: ${tenantId}`;
    this.engineLog.line(`${line} Function: ${record.name}${tenant}`);
  }

  /** Returns what the invocation cost, in ms. */
  finish({ requestId, record, tenantId }: Invocation, durationMs: number, status?: string): number {
    const billedMs = Math.ceil(durationMs);
    const log = this.log(record.name);
    const report = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${durationMs.toFixed(2)} ms`,
      `Billed Duration: ${billedMs} ms`,
      `Memory Size: ${record.memoryMb} MB`,
      ...(status === undefined ? [] : [`Status: ${status}`]),
    ];
    log.line(`END RequestId: ${requestId}`);
    log.line(report.join("\t"));
    this.add(record.name, tenantId, billedMs);
    return billedMs;
  }

  /** Counts what was billed, also by an earlier engine. */
  add(functionName: string, tenantId: string | null, billedMs: number): void {
    const tenants = this.#billedMs.get(functionName) ?? new Map<string, number>();
    tenants.set(tenantId ?? "", (tenants.get(tenantId ?? "") ?? 0) + billedMs);
    this.#billedMs.set(functionName, tenants);
  }

  /** An event that nobody will handle any more. */
  drop(requestId: string, functionName: string, reason: string): void {
    this.engineLog.line(`DROP RequestId: ${requestId} Function: ${functionName} ${reason}`);
  }

  billedMs(functionName: string, tenantId: string | null): number {
    return this.#billedMs.get(functionName)?.get(tenantId ?? "") ?? 0;
  }

  /** A function, or the last that shared some spares, is gone; the file stays to be read. */
  forget(name: string): void {
    this.#billedMs.delete(name);
    this.#logs.get(name)?.close();
    this.#logs.delete(name);
  }

  close(): void {
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
    this.engineLog.close();
  }
}
