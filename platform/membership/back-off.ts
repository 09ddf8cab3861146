import type { Clock } from "../ports/clock.js";
import type { Random } from "../ports/random.js";

export interface BackOffRange {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Doubles from `firstMs` (round 0) to `longestMs`; half of it is jitter, so that herds part. */
export function backOffMs(round: number, range: BackOffRange, random: Random): number {
  const fullMs = Math.min(range.longestMs, range.firstMs * 2 ** Math.min(round, 30));
  return fullMs * (0.5 + random.uniform() / 2);
}

export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, delayMs);
  });
}
