import type { Clock, TimerHandle } from "../ports/clock.js";

/** How long after readiness a port that nobody declared may still be opened by the guest. */
const settleMs = 1_000;

export class SettleTimer {
  readonly #clock: Clock;
  readonly #onSettled: () => void;
  #timer: TimerHandle | null = null;

  constructor(clock: Clock, onSettled: () => void) {
    this.#clock = clock;
    this.#onSettled = onSettled;
  }

  start(): void {
    this.cancel();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      this.#onSettled();
    }, settleMs);
  }

  cancel(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
