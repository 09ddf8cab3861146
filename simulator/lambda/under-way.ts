import { randomBytes } from "node:crypto";
import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { EndReason } from "./environment-contract.js";
import type { EnvironmentRecord } from "./environment-record.js";
import { errorOutcome, type Invocation, type InvocationOutcome } from "./invocation.js";
import type { RuntimeApi } from "./runtime-api.js";

/** Node's timers count in 31 bits; only an engine that allows more than AWS comes near. */
const timerMsMax = 2 ** 31 - 1;

/** Wall clock: an engine that is started anew reckons with the same times. */
export interface InvocationTimes {
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
}

/** The invocation that an environment is busy with, and its deadline. */
export class UnderWay {
  readonly #startedMs: number;
  readonly #timer: TimerHandle;

  constructor(
    private readonly clock: Clock,
    readonly invocation: Invocation,
    private readonly times: InvocationTimes,
    expired: () => void,
    /** From now, whatever the deadline says: it may have passed while no engine was there. */
    leastMs = 0,
  ) {
    const nowMs = clock.nowMs();
    const timeoutMs = Math.max(leastMs, invocation.record.timeoutSeconds * 1000);
    // A clock that was set back must not give it more time than it has.
    const leftMs = Math.min(Math.max(leastMs, times.deadlineAtMs - nowMs), timeoutMs, timerMsMax);
    this.#startedMs = clock.monotonicMs() - Math.max(0, nowMs - times.startedAtMs);
    this.#timer = clock.setTimeout(expired, leftMs);
  }

  get runningMs(): number {
    return this.clock.monotonicMs() - this.#startedMs;
  }

  get record(): EnvironmentRecord["current"] {
    const { requestId, record } = this.invocation;
    return { requestId, record, ...this.times };
  }

  deliver(api: RuntimeApi): void {
    const epoch = Math.floor(this.clock.nowMs() / 1000).toString(16);
    const traceId = `Root=1-${epoch}-${randomBytes(12).toString("hex")};Sampled=0`;
    api.deliver(this.invocation, this.times.deadlineAtMs, traceId);
  }

  /** Its deadline no longer counts. */
  stop(): void {
    this.clock.clearTimeout(this.#timer);
  }
}

/** What AWS writes into the log of an invocation that its environment's end cuts off. */
export function failureLine(
  { requestId, record }: Invocation,
  reason: EndReason,
  exit: string,
  nowMs: number,
): string {
  if (reason === "timeout") {
    const seconds = record.timeoutSeconds.toFixed(2);
    return `${new Date(nowMs).toISOString()} ${requestId} Task timed out after ${seconds} seconds`;
  }
  if (reason !== "exited") return `RequestId: ${requestId} Error: environment ${reason}`;
  const error = `Error: Runtime exited with error: ${exit}`;
  return `RequestId: ${requestId} ${error}\nRuntime.ExitError`;
}

/** What an invocation that the end of its environment cuts off comes to. */
export function cutOff(
  { requestId, record }: Invocation,
  reason: EndReason,
  exit: string,
): InvocationOutcome {
  if (reason === "deleted" || reason === "closed") return { result: "cancelled" };
  const prefix = `RequestId: ${requestId} Error:`;
  if (reason === "timeout") {
    const seconds = record.timeoutSeconds.toFixed(2);
    return errorOutcome("Sandbox.Timedout", `${prefix} Task timed out after ${seconds} seconds`);
  }
  return errorOutcome("Runtime.ExitError", `${prefix} Runtime exited with error: ${exit}`);
}
