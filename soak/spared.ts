/** Which half of daemon and keeper may be killed: one of them has to have everything. */
import { type ListeningSocket, listeningSockets, socketsOf } from "../test/process/leaks.js";
import type { ProcessKind, SoakProcess } from "./processes.js";

/**
 * What one of the two lost, the other gives back: until it has, the other is left alone. Both at
 * once are another matter (`--together`).
 */
export function sparedKinds(
  processes: readonly SoakProcess[],
  hosts: number,
): ReadonlySet<ProcessKind> {
  const placeholders = listeningSockets().filter(({ where }) => where.startsWith("127."));
  const spared = new Set<ProcessKind>();
  if (!hasAll("daemon", processes, placeholders, hosts)) spared.add("keeper");
  if (!hasAll("keeper", processes, placeholders, hosts)) spared.add("daemon");
  return spared;
}

function hasAll(
  kind: ProcessKind,
  processes: readonly SoakProcess[],
  placeholders: readonly ListeningSocket[],
  hosts: number,
): boolean {
  return processes.some((one) => {
    if (one.kind !== kind) return false;
    const own = new Set(socketsOf(one.pid));
    return placeholders.filter(({ inode }) => own.has(inode)).length >= hosts;
  });
}
