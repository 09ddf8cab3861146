/** What can be done only with a descriptor more than this process may have, now or on the whole. */
import type { Clock } from "../../platform/ports/clock.js";
import { delay } from "./delay.js";

const pauseMs = 100;

export function isShortage(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "EMFILE" || code === "ENFILE";
}

/** Begins at once, and again for as long as descriptors are short. Rejects with anything else. */
export async function whenPossible<T>(clock: Clock, act: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isShortage(error)) throw error;
    }
    await delay(clock, pauseMs);
  }
}
