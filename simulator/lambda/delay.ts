import type { Clock } from "../../platform/ports/clock.js";

export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, delayMs);
  });
}

/** Waits for the promise, which never rejects, but not longer than this. */
export function settledWithin(clock: Clock, promise: Promise<void>, timeMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, timeMs);
    promise.then(() => {
      clock.clearTimeout(timer);
      resolve();
    });
  });
}
