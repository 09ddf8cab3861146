import type { FunctionRecord } from "./function-record.js";

/** AWS's `Reason` of a TooManyRequestsException. */
export type ConcurrencyReason =
  | "ConcurrentInvocationLimitExceeded"
  | "ReservedFunctionConcurrentInvocationLimitExceeded";

/**
 * How many events are handled at once: a function that has concurrency reserved has that much for
 * itself and no more, all others share what the reservations leave of the account's limit.
 */
export class Concurrency {
  readonly #running = new Map<string, number>();

  constructor(
    private readonly accountMax: number,
    private readonly functions: () => Iterable<FunctionRecord>,
  ) {}

  /** null: one more may begin. */
  refusal(record: FunctionRecord): ConcurrencyReason | null {
    const { reservedConcurrency } = record;
    if (reservedConcurrency !== null) {
      const isFull = this.#runningOf(record.name) >= reservedConcurrency;
      return isFull ? "ReservedFunctionConcurrentInvocationLimitExceeded" : null;
    }
    let shared = this.accountMax;
    let running = 0;
    for (const other of this.functions()) {
      if (other.reservedConcurrency === null) running += this.#runningOf(other.name);
      else shared -= other.reservedConcurrency;
    }
    return running >= shared ? "ConcurrentInvocationLimitExceeded" : null;
  }

  enter(functionName: string): void {
    this.#running.set(functionName, this.#runningOf(functionName) + 1);
  }

  leave(functionName: string): void {
    const left = this.#runningOf(functionName) - 1;
    if (left > 0) this.#running.set(functionName, left);
    else this.#running.delete(functionName);
  }

  #runningOf(functionName: string): number {
    return this.#running.get(functionName) ?? 0;
  }
}
