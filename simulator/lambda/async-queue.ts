import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import { type EngineFaults, Lottery } from "./engine-faults.js";
import type { AsyncEvent, EventFiles } from "./event-files.js";
import type { FunctionRecord } from "./function-record.js";
import type { Invocation, InvocationOutcome } from "./invocation.js";
import type { InvocationLedger } from "./invocation-ledger.js";
import { ThrottledEvents } from "./throttled-events.js";

export interface AsyncQueueHost {
  readonly clock: Clock;
  readonly files: EventFiles;
  readonly ledger: InvocationLedger;
  /** Pauses before the first and the second repetition of a failed event. */
  readonly retryDelaysMs: readonly number[];
  readonly faults: EngineFaults;
  arnOf(functionName: string): string;
  /** null: there is no such function (any more). */
  find(functionName: string): FunctionRecord | null;
  /** False: a limit of concurrency is met. `tryThrottled` is called when that may have changed. */
  submit(invocation: Invocation): boolean;
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
  readonly #throttled: ThrottledEvents;
  readonly #duplicates: Lottery;
  readonly #drops: Lottery;
  #closed = false;

  constructor(private readonly host: AsyncQueueHost) {
    this.#throttled = new ThrottledEvents(host.clock, {
      isTaken: (invocation) => this.#isTaken(invocation),
      tooOld: ({ requestId, record }) => this.#drop(requestId, record.name, "too old"),
    });
    this.#duplicates = new Lottery(host.faults.duplicates);
    this.#drops = new Lottery(host.faults.drops);
  }

  accept(event: Omit<AsyncEvent, "acceptedAtMs" | "failures">): void {
    const accepted = { ...event, acceptedAtMs: this.host.clock.nowMs(), failures: 0 };
    if (this.#drops.draw()) {
      this.host.ledger.drop(event.requestId, event.functionName, "as asked");
      return;
    }
    this.host.files.put(accepted);
    this.#attempt(accepted);
    if (this.#duplicates.draw()) this.#duplicate(accepted);
  }

  /** A limit may allow more than it did. */
  tryThrottled(): void {
    this.#throttled.tryAgain();
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
      this.#drop(event.requestId, event.functionName, "cancelled");
    }
    this.#retries.clear();
    for (const { requestId, record } of this.#throttled.close()) {
      this.#drop(requestId, record.name, "cancelled");
    }
  }

  #attempt(event: AsyncEvent): void {
    const record = this.host.find(event.functionName);
    if (record === null) {
      this.#drop(event.requestId, event.functionName, "deleted");
      return;
    }
    this.#throttled.submit(this.#invocation(event, record));
  }

  /** What becomes of it is the first one's business. */
  #duplicate(event: AsyncEvent): void {
    const record = this.host.find(event.functionName);
    if (record === null) return;
    this.host.submit({ ...this.#invocation(event, record), settle: () => undefined });
  }

  /** By an environment, or because nobody wants it any more. */
  #isTaken(invocation: Invocation): boolean {
    const { requestId, record } = invocation;
    if (this.host.find(record.name) !== null) return this.host.submit(invocation);
    this.#drop(requestId, record.name, "deleted");
    return true;
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
      // AWS gives it to synchronous invocations only.
      clientContext: null,
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
      this.#drop(event.requestId, event.functionName, "cancelled");
      return;
    }
    const failuresMax = this.host.find(event.functionName)?.eventInvoke?.retriesMax;
    if (event.failures >= (failuresMax ?? failuresMaxDefault)) {
      const reason = `failed: ${outcome.payload.toString("utf8", 0, 1024)}`;
      this.#drop(event.requestId, event.functionName, reason);
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

  #drop(requestId: string, functionName: string, reason: string): void {
    this.host.files.delete(requestId);
    this.host.ledger.drop(requestId, functionName, reason);
  }
}
