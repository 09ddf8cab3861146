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

/** The machine's own time. The monotonic one is the kernel's, in which it tells guests' timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
  setTimeout: (callback, delayMs) => new SystemTimer(callback, delayMs),
  clearTimeout: (timer) => {
    if (timer instanceof SystemTimer) timer.clear();
  },
};
