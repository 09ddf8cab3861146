import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { AsyncEvent, EventFiles } from "./event-files.js";
import type { FunctionRecord } from "./function-record.js";
import type { Invocation, InvocationOutcome } from "./invocation.js";
import type { InvocationLedger } from "./invocation-ledger.js";

export interface AsyncQueueHost {
  readonly clock: Clock;
  readonly files: EventFiles;
  readonly ledger: InvocationLedger;
  /** Pauses before the first and the second repetition of a failed event. */
  readonly retryDelaysMs: readonly number[];
  arnOf(functionName: string): string;
  /** null: there is no such function (any more). */
  find(functionName: string): FunctionRecord | null;
  submit(invocation: Invocation): void;
}

const failuresMaxDefault = 2;
const ageSecondsMaxDefault = 21_600;

/**
 * Asynchronous events: handled, repeated when that fails, dropped in the end. Each is on disk from
 * its acceptance until it is settled, so that it outlives the engine; what a killed engine had
 * handed over, without hearing how it went, is told by the environments that it left.
 */
export class AsyncQueue {
  readonly #retries = new Map<TimerHandle, AsyncEvent>();
  #closed = false;

  constructor(private readonly host: AsyncQueueHost) {}

  accept(event: Omit<AsyncEvent, "acceptedAtMs" | "failures">): void {
    const accepted = { ...event, acceptedAtMs: this.host.clock.nowMs(), failures: 0 };
    this.host.files.put(accepted);
    this.#attempt(accepted);
  }

  /** What an earlier engine accepted and no environment has in hand. */
  restore(events: readonly AsyncEvent[]): void {
    for (const event of events) {
      if (event.failures === 0) this.#attempt(event);
      else this.#later(event);
    }
  }

  /** An event that an environment has in hand, as the attempt that is under way. */
  adopt(event: AsyncEvent, record: FunctionRecord): Invocation {
    return this.#invocation(event, record);
  }

  /** Drops what waits for its repetition; what was submitted is cancelled where it is. */
  close(): void {
    this.#closed = true;
    for (const [timer, event] of this.#retries) {
      this.host.clock.clearTimeout(timer);
      this.#drop(event, "cancelled");
    }
    this.#retries.clear();
  }

  #attempt(event: AsyncEvent): void {
    const record = this.host.find(event.functionName);
    if (record === null) {
      this.#drop(event, "deleted");
      return;
    }
    const invocation = this.#invocation(event, record);
    if (this.host.clock.monotonicMs() > (invocation.expiresAtMs ?? Number.POSITIVE_INFINITY)) {
      this.#drop(event, "too old");
      return;
    }
    this.host.submit(invocation);
  }

  #invocation(event: AsyncEvent, record: FunctionRecord): Invocation {
    const { clock } = this.host;
    const ageSecondsMax = record.eventInvoke?.ageSecondsMax ?? ageSecondsMaxDefault;
    const ageMs = Math.max(0, clock.nowMs() - event.acceptedAtMs);
    return {
      requestId: event.requestId,
      record,
      functionArn: this.host.arnOf(record.name),
      tenantId: event.tenantId,
      payload: event.payload,
      expiresAtMs: clock.monotonicMs() - ageMs + ageSecondsMax * 1000,
      settle: (outcome) => this.#attempted(event, outcome),
    };
  }

  #attempted(event: AsyncEvent, outcome: InvocationOutcome): void {
    if (outcome.result === "response") {
      this.host.files.delete(event.requestId);
      return;
    }
    if (outcome.result === "cancelled" || this.#closed) {
      this.#drop(event, "cancelled");
      return;
    }
    const failuresMax = this.host.find(event.functionName)?.eventInvoke?.retriesMax;
    if (event.failures >= (failuresMax ?? failuresMaxDefault)) {
      this.#drop(event, `failed: ${outcome.payload.toString("utf8", 0, 1024)}`);
      return;
    }
    const failed = { ...event, failures: event.failures + 1 };
    this.host.files.put(failed);
    this.#later(failed);
  }

  #later(event: AsyncEvent): void {
    const { clock, retryDelaysMs } = this.host;
    const timer = clock.setTimeout(
      () => {
        this.#retries.delete(timer);
        this.#attempt(event);
      },
      retryDelaysMs[event.failures - 1] ?? 0,
    );
    this.#retries.set(timer, event);
  }

  #drop({ requestId, functionName }: AsyncEvent, reason: string): void {
    this.host.files.delete(requestId);
    this.host.ledger.drop(requestId, functionName, reason);
  }
}
