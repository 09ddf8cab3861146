/** Holders of a socket, as /proc tells them, and the ends of processes, by pidfd. */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Addon } from "../../shim/index.js";
import type { Holders } from "../ports/holders.js";
import type { Transferable } from "../ports/sockets.js";

/** Deeper than any tree of processes. */
const depthMax = 1_000;

export class SystemHolders implements Holders {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  find(socket: Transferable, rootPid: number, likely: number): number | null {
    const link = `socket:[${fstatSync(socket.descriptor).ino}]`;
    if (isBelow(likely, rootPid) && holds(likely, link)) return likely;
    return processesBelow(rootPid).find((pid) => holds(pid, link)) ?? null;
  }

  onEnd(pid: number, callback: () => void): () => void {
    const pidfd = this.#open(pid);
    if (pidfd === null) {
      const soon = setImmediate(callback);
      return () => clearImmediate(soon);
    }
    let open = true;
    const end = (): void => {
      if (open) this.#addon.close(pidfd);
      open = false;
    };
    this.#addon.watch(pidfd, () => {
      end();
      callback();
    });
    return end;
  }

  /** null: the process has ended already. */
  #open(pid: number): number | null {
    try {
      return this.#addon.pidfdOpen(pid);
    } catch (error) {
      if (codeOf(error) === "ESRCH" || codeOf(error) === "EINVAL") return null;
      throw error;
    }
  }
}

function holds(pid: number, link: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => isLink(`/proc/${pid}/fd/${fd}`, link));
  } catch (error) {
    // Of another user: it may hold the socket. Anything else: it has ended.
    return codeOf(error) === "EACCES" || codeOf(error) === "EPERM";
  }
}

function isLink(path: string, link: string): boolean {
  try {
    return readlinkSync(path) === link;
  } catch (error) {
    // Closed while we looked.
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function isBelow(pid: number, rootPid: number): boolean {
  let at = parentOf(pid);
  for (let depth = 0; at > 1 && depth < depthMax; depth += 1) {
    if (at === rootPid) return true;
    at = parentOf(at);
  }
  return false;
}

function processesBelow(rootPid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  let level: readonly number[] = [rootPid];
  while (level.length > 0) {
    level = level.flatMap((pid) => children.get(pid) ?? []);
    found.push(...level);
  }
  return found;
}

/** 0: it has ended. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 1).split(" ")[2]);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return 0;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
