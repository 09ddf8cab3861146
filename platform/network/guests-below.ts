import { type Addon, processFields } from "../../shim/index.js";

/** The guests' processes: all but the host-runtime and its child, im-init, which are ours. */
export function guestsBelow(addon: Addon, runtimePid: number): readonly number[] {
  const rows = addon.processTrees([runtimePid]);
  const guests: number[] = [];
  for (let at = 0; at < rows.length; at += processFields.length) {
    const [, pid = 0, , , parent = 0] = rows.subarray(at);
    if (pid !== runtimePid && parent !== runtimePid) guests.push(pid);
  }
  return guests;
}
