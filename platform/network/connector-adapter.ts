/** Whose connection it is: the kernel names a socket's inode, and /proc who has it open. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { type Addon, connectionFields, processFields } from "../../shim/index.js";
import type { NamedProcess } from "../ports/holders.js";
import type { SocketAddress } from "../ports/sockets.js";

/** Who connected is nice to know: everything else waits for it so long at most. */
const searchMsMax = 50;

/** null: nobody was found, among these processes and in this time. */
export function findConnector(
  addon: Addon,
  own: SocketAddress,
  rootPid: number | null,
): NamedProcess | null {
  return readOrNull(() => search(addon, own, rootPid));
}

function search(addon: Addon, own: SocketAddress, rootPid: number | null): NamedProcess | null {
  const inode = inodeOf(addon, own);
  if (inode === null) return null;
  const link = `socket:[${inode}]`;
  const pids = rootPid === null ? everybody() : treeOf(addon, rootPid);
  const endMs = performance.now() + searchMsMax;
  for (const pid of pids) {
    if (performance.now() > endMs) return null;
    // The daemon's own is the far end of a published port: it speaks for somebody else.
    if (pid !== process.pid && hasOpen(pid, link)) return { pid, program: programOf(pid) };
  }
  return null;
}

/** As the kernel has it, 15 characters at most; null: the process has ended. */
export function programOf(pid: number): string | null {
  const name = readOrNull(() => readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd());
  // Some versions of Node give this name to the thread that the process is named after.
  if (name !== "MainThread") return name;
  return readOrNull(() => basename(readlinkSync(`/proc/${pid}/exe`))) ?? name;
}

function inodeOf(addon: Addon, { address, port }: SocketAddress): number | null {
  const rows = addon.connections(address, 32);
  const at = (field: (typeof connectionFields)[number]) => connectionFields.indexOf(field);
  for (let row = 0; row < rows.length; row += connectionFields.length) {
    const inode = rows[row + at("inode")] ?? 0;
    if (rows[row + at("protocol")] !== 6 || rows[row + at("port")] !== port) continue;
    if (inode !== 0) return inode;
  }
  return null;
}

function treeOf(addon: Addon, rootPid: number): readonly number[] {
  const rows = addon.processTrees([rootPid]);
  const pids: number[] = [];
  for (let row = 0; row < rows.length; row += processFields.length) {
    pids.push(rows[row + processFields.indexOf("pid")] ?? 0);
  }
  return pids;
}

/** The youngest first: whoever connects has often just been started. */
function everybody(): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).toSorted((a, b) => b - a);
}

function hasOpen(pid: number, link: string): boolean {
  const directory = `/proc/${pid}/fd`;
  const open = readOrNull(() => readdirSync(directory)) ?? [];
  return open.some((name) => readOrNull(() => readlinkSync(`${directory}/${name}`)) === link);
}

/** null: it has ended, is not ours to look into, or the machine is short of something. */
function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}
