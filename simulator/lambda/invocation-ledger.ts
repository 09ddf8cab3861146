import { join } from "node:path";
import type { EnvironmentOutput } from "./environment-output.js";
import type { Invocation } from "./invocation.js";
import { LogFile } from "./log-file.js";

/** AWS's: what `LogType: Tail` gives back. */
const tailBytes = 4096;

/** How an invocation went, for its REPORT line. */
export interface Expense {
  readonly durationMs: number;
  readonly peakMemoryMb: number;
  /** Of a cold start that this was the first event of; null: it was none. */
  readonly initMs: number | null;
  /** Only where it did not end by an answer. */
  readonly failure: { readonly status: "timeout" | "error"; readonly line: string } | null;
}

export interface Settlement {
  readonly billedMs: number;
  /** The last of the invocation's log. */
  readonly logTail: Buffer;
}

/**
 * The record of who was invoked and what it cost: AWS's START, END and REPORT lines in the
 * function's log with what was printed in between, each START once more in the engine's log, and
 * the sum of what was billed.
 */
export class InvocationLedger {
  readonly #logs = new Map<string, LogFile>();
  /** By function, then by tenant; "" stands for no tenant. */
  readonly #billedMs = new Map<string, Map<string, number>>();

  constructor(
    private readonly logDirectory: string,
    private readonly engineLog: LogFile,
  ) {}

  start({ requestId, record, tenantId }: Invocation, output: EnvironmentOutput): void {
    // Printed since the last event, or during the initialisation.
    this.copy(record.name, output);
    const line = startLine(requestId);
    this.#log(record.name).line(line);
    const tenant = tenantId === null ? "" : ` Tenant: ${tenantId}`;
    this.engineLog.line(`${line} Function: ${record.name}${tenant}`);
  }

  finish(
    { requestId, record, tenantId }: Invocation,
    output: EnvironmentOutput,
    expense: Expense,
  ): Settlement {
    const { durationMs, failure } = expense;
    const isTimeout = failure?.status === "timeout";
    const limitMs = isTimeout ? record.timeoutSeconds * 1000 : Number.POSITIVE_INFINITY;
    // Since August 2025 AWS bills each cold start's initialisation, whatever the runtime.
    const billedMs = Math.ceil(Math.min(durationMs, limitMs) + (expense.initMs ?? 0));
    const report = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${durationMs.toFixed(2)} ms`,
      `Billed Duration: ${billedMs} ms`,
      `Memory Size: ${record.memoryMb} MB`,
      `Max Memory Used: ${expense.peakMemoryMb} MB`,
      ...(expense.initMs === null ? [] : [`Init Duration: ${expense.initMs.toFixed(2)} ms`]),
      ...(failure === null ? [] : [`Status: ${failure.status}`]),
    ];
    const printed = this.copy(record.name, output);
    const reason = failure === null ? "" : `${failure.line}\n\n`;
    const last = Buffer.from(`${reason}END RequestId: ${requestId}\n${report.join("\t")}\n`);
    this.#log(record.name).append(last);
    this.add(record.name, tenantId, billedMs);
    const first = Buffer.from(`${startLine(requestId)}\n`);
    const logTail = Buffer.concat([first, printed, last]).subarray(-tailBytes);
    return { billedMs, logTail };
  }

  /** Takes what an environment printed into a log; returns the last of it. */
  copy(logName: string, output: EnvironmentOutput): Buffer {
    let tail = Buffer.alloc(0);
    output.take((piece) => {
      this.#log(logName).append(piece);
      tail = Buffer.from(Buffer.concat([tail, piece]).subarray(-tailBytes));
    });
    return tail;
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

  /** Of a function, or of the spares that several functions share. */
  #log(name: string): LogFile {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const log = new LogFile(join(this.logDirectory, `${name}.log`));
    this.#logs.set(name, log);
    return log;
  }
}

function startLine(requestId: string): string {
  return `START RequestId: ${requestId} Version: $LATEST`;
}
