/** Holders of a socket, as /proc tells them, and the ends of processes, by pidfd. */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Addon } from "../../shim/index.js";
import type { ConnectorSearch, Holders } from "../ports/holders.js";
import type { SocketAddress, Transferable } from "../ports/sockets.js";
import { programOf, SlicedSearch } from "./connector-adapter.js";

/** Deeper than any tree of processes. */
const depthMax = 1_000;
/** The machine has too little of something to look. */
const shortages: readonly unknown[] = ["EMFILE", "ENFILE", "ENOMEM"];
/** A process that cannot be watched for want of a descriptor is tried again after this, ms. */
const retryMs = 1_000;
/** A search is followed by so many times its own length without one: a herd is not asked for. */
const restTimes = 20;

export class SystemHolders implements Holders {
  readonly #addon: Addon;
  #restsUntilMs = 0;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  find(socket: Transferable, rootPid: number, likely: number): number | null {
    const link = `socket:[${fstatSync(socket.descriptor).ino}]`;
    // Where nobody can be looked at the host-runtime stands for them all.
    return unlessShort(rootPid, () => {
      if (isBelow(likely, rootPid) && holds(likely, link)) return likely;
      const everybody = generationsBelow(rootPid).flat();
      return everybody.find((pid) => holds(pid, link)) ?? null;
    });
  }

  inhabited(rootPid: number): boolean {
    return unlessShort(true, () => {
      const [, ...guests] = generationsBelow(rootPid);
      return guests.flat().some(isAlive);
    });
  }

  program(pid: number): string | null {
    return programOf(pid);
  }

  connector(own: SocketAddress, rootPid: number | null): ConnectorSearch | null {
    if (performance.now() < this.#restsUntilMs) return null;
    // One at a time: the end of this one says when there may be the next.
    this.#restsUntilMs = Number.POSITIVE_INFINITY;
    return new SlicedSearch(this.#addon, own, rootPid, (spentMs) => {
      this.#restsUntilMs = performance.now() + restTimes * spentMs;
    });
  }

  onEnd(pid: number, callback: () => void): () => void {
    const pidfd = unlessShort("short", () => this.#open(pid));
    if (pidfd === null) {
      const soon = setImmediate(callback);
      return () => clearImmediate(soon);
    }
    if (pidfd === "short") return this.#onEndLater(pid, callback);
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

  #onEndLater(pid: number, callback: () => void): () => void {
    let end = (): void => clearTimeout(timer);
    const timer = setTimeout(() => {
      end = this.onEnd(pid, callback);
    }, retryMs);
    timer.unref();
    return () => end();
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
    if (shortages.includes(codeOf(error))) throw error;
    // Of another user: it may hold the socket. Anything else: it has ended.
    return codeOf(error) === "EACCES" || codeOf(error) === "EPERM";
  }
}

function unlessShort<T, U>(otherwise: U, look: () => T): T | U {
  try {
    return look();
  } catch (error) {
    if (shortages.includes(codeOf(error))) return otherwise;
    throw error;
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

/** Children first, then theirs, and so on. */
function generationsBelow(rootPid: number): readonly (readonly number[])[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const generations: number[][] = [];
  let next = children.get(rootPid) ?? [];
  while (next.length > 0) {
    generations.push(next);
    next = next.flatMap((pid) => children.get(pid) ?? []);
  }
  return generations;
}

/** 0: it has ended. */
function parentOf(pid: number): number {
  return Number(statusOf(pid)?.parent ?? 0);
}

/** A zombie is not. */
function isAlive(pid: number): boolean {
  const state = statusOf(pid)?.state ?? "X";
  return state !== "Z" && state !== "X";
}

/** null: it has ended. */
function statusOf(pid: number): { readonly state: string; readonly parent: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in brackets, may hold anything.
    const [state = "X", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, parent };
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
