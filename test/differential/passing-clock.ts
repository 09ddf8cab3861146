import type { Clock, TimerHandle } from "../../platform/ports/clock.js";

/** What takes a process some time goes by the machine's clock; longer timers go by `pass` alone. */
const longMs = 5_000;

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock whose long times pass when a test says so. */
export class PassingClock implements Clock {
  #passedMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(private readonly clock: Clock) {}

  nowMs(): number {
    return this.clock.nowMs() + this.#passedMs;
  }

  monotonicMs(): number {
    return this.clock.monotonicMs() + this.#passedMs;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    if (delayMs < longMs) return this.clock.setTimeout(callback, delayMs);
    const timer: Timer = { dueMs: this.#passedMs + delayMs, run: callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: TimerHandle): void {
    for (const own of this.#timers) {
      if (own === timer) {
        this.#timers.delete(own);
        return;
      }
    }
    this.clock.clearTimeout(timer);
  }

  pass(ms: number): void {
    const endMs = this.#passedMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs);
      const [next] = due.sort((one, other) => one.dueMs - other.dueMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#passedMs = next.dueMs;
      next.run();
    }
    this.#passedMs = endMs;
  }
}
