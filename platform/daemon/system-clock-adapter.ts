import type { Clock } from "../ports/clock.js";

class SystemTimer {
  readonly #timeout: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.#timeout = setTimeout(callback, delayMs);
  }

  clear(): void {
    clearTimeout(this.#timeout);
  }
}

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, delayMs) => new SystemTimer(callback, delayMs),
  clearTimeout: (timer) => {
    if (timer instanceof SystemTimer) timer.clear();
  },
};
