/**
 * The fewest decisions that still break the same invariant: delta debugging (Zeller, Hildebrandt,
 * 2002) over the list of faults that a failing history was made of.
 */
import type { Decision } from "./fault-plan.js";

/** Resolves to whether these decisions alone still fail. */
export type Fails = (decisions: readonly Decision[]) => Promise<boolean>;

export async function shrink(
  decisions: readonly Decision[],
  fails: Fails,
  attemptsMax = 200,
): Promise<readonly Decision[]> {
  let left = decisions;
  let parts = 2;
  let attempts = 0;
  if (left.length > 0 && (await fails([]))) return [];
  while (left.length > 1 && attempts < attemptsMax) {
    const size = Math.ceil(left.length / parts);
    let smaller: readonly Decision[] | null = null;
    for (let from = 0; from < left.length && attempts < attemptsMax; from += size) {
      const rest = [...left.slice(0, from), ...left.slice(from + size)];
      attempts += 1;
      if (!(await fails(rest))) continue;
      smaller = rest;
      break;
    }
    if (smaller !== null) {
      left = smaller;
      parts = Math.max(2, parts - 1);
    } else if (parts >= left.length) break;
    else parts = Math.min(left.length, 2 * parts);
  }
  return left;
}
