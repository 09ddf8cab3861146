import { hostOffsetFirst, hostsMax } from "./layout.js";

/** Offsets in the deployment's block by host name. */
export type Assignment = Readonly<Record<string, number>>;

/**
 * Gives every name an offset. Names that had one keep it, so that addresses are stable when the
 * manifest grows; new names get the lowest that are free. An offset whose name is gone is free only
 * at the next change, where there is room: its host is still on its way out.
 */
export function assignOffsets(previous: Assignment, names: readonly string[]): Assignment {
  const kept = names.filter((name) => Object.hasOwn(previous, name));
  const all = new Set([...Object.keys(previous), ...names]);
  const avoided = all.size > hostsMax ? kept : Object.keys(previous);
  const taken = new Set(avoided.map((name) => previous[name]));
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
