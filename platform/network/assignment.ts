import { hostOffsetFirst, hostsMax } from "./layout.js";

/** Offsets in the deployment's block by host name. */
export type Assignment = Readonly<Record<string, number>>;

/**
 * Gives every name an offset. Names that had one keep it, so that addresses are stable when the
 * manifest grows; new names get the lowest that are free.
 */
export function assignOffsets(previous: Assignment, names: readonly string[]): Assignment {
  const kept = names.filter((name) => Object.hasOwn(previous, name));
  const taken = new Set(kept.map((name) => previous[name]));
  const next: Record<string, number> = Object.create(null);
  let candidate = hostOffsetFirst;
  for (const name of names) {
    const before = Object.hasOwn(previous, name) ? previous[name] : undefined;
    if (before !== undefined) {
      next[name] = before;
      continue;
    }
    while (taken.has(candidate)) candidate += 1;
    if (candidate >= hostOffsetFirst + hostsMax) throw new RangeError("more hosts than addresses");
    next[name] = candidate;
    candidate += 1;
  }
  return next;
}
