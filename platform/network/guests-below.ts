import { type Addon, processFields } from "../../shim/index.js";

export interface Guests {
  /** All but the host-runtime and its child, im-init, which are ours. */
  readonly pids: readonly number[];
  /** Whose end is the end of the life: im-init, and the command that it started. */
  readonly vital: readonly number[];
}

/** The guests' processes. */
export function guestsBelow(addon: Addon, runtimePid: number): Guests {
  const rows = addon.processTrees([runtimePid]);
  const parents = new Map<number, number>();
  for (let at = 0; at < rows.length; at += processFields.length) {
    const [, pid = 0, , , parent = 0] = rows.subarray(at);
    if (pid !== runtimePid) parents.set(pid, parent);
  }
  const isOurs = (pid: number | undefined) => parents.get(pid ?? 0) === runtimePid;
  const pids = [...parents.keys()].filter((pid) => !isOurs(pid));
  const vital = [...parents.keys()].filter((pid) => isOurs(pid) || isOurs(parents.get(pid)));
  return { pids, vital };
}
