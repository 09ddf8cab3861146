/**
 * How long a host is somebody's, where several nodes share the store. The holder counts from the
 * first send of the write that was applied, whoever waits for its end from the receipt of a read:
 * so only the rates of their clocks matter, not what they show.
 */
import type { GateWord } from "../ports/gate-word.js";

/** Renewed so often while the host serves. */
export const renewEveryMs = 3_000;
/** Guests are ended so long before the lease is. */
export const fenceMs = 1_500;
/** Two quartz clocks differ by no more than this, each way. */
const driftMax = 0.01;
/** A wall clock and a monotonic one that part by more were not running together. */
const disagreementMs = 1_000;
/** So long may a holder have been away without its gate being shut by that. */
const safetyMs = 1_200;

/** How long a record must have been seen unchanged before its host may be taken over. */
export function takeoverWaitMs(leaseMs: number): number {
  return leaseMs * (1 + 2 * driftMax) + safetyMs;
}

/** Shut after the lease, and where the machine was away in a way that only one clock shows. */
export function isGateOpen(
  word: GateWord | null,
  incarnation: number,
  now: { readonly monotonicMs: number; readonly wallMs: number },
): boolean {
  if (word === null || word.incarnation !== incarnation) return false;
  if (now.monotonicMs >= word.untilMs) return false;
  return Math.abs(now.wallMs - now.monotonicMs - word.wallAheadMs) < disagreementMs;
}
