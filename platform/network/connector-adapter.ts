/** Whose connection it is: the kernel names a socket's inode, and /proc who has it open. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { type Addon, connectionFields, processFields } from "../../shim/index.js";
import type { ConnectorSearch, NamedProcess } from "../ports/holders.js";
import type { SocketAddress } from "../ports/sockets.js";

/** Who connected is nice to know: everything else waits for it so long at most. */
const searchMsMax = 50;
/** A boot is under way meanwhile, and the daemon has its part in it: it is never held up longer. */
const sliceMs = 0.3;
const pauseMs = 2;

/** A search that goes on by itself, in slices, unless somebody waits for its end. */
export class SlicedSearch implements ConnectorSearch {
  #found: NamedProcess | null = null;
  #spentMs = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #steps: Iterator<void, NamedProcess | null>;
  readonly #onEnd: (spentMs: number) => void;
  readonly #spentMsMax: number;

  /** `onEnd`: told what it has cost. */
  constructor(
    addon: Addon,
    own: SocketAddress,
    rootPid: number | null,
    onEnd: (spentMs: number) => void = () => undefined,
    spentMsMax = searchMsMax,
  ) {
    this.#steps = stepsOfSearch(addon, own, rootPid);
    this.#onEnd = onEnd;
    this.#spentMsMax = spentMsMax;
    this.#continue();
  }

  get found(): NamedProcess | null {
    return this.#found;
  }

  finish(): NamedProcess | null {
    if (this.#timer !== null) this.#work(this.#spentMsMax);
    return this.#found;
  }

  #continue(): void {
    this.#timer = setTimeout(() => this.#work(sliceMs), pauseMs).unref();
  }

  #work(forMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const beganMs = performance.now();
    const endMs = beganMs + Math.min(forMs, this.#spentMsMax - this.#spentMs);
    let step = this.#steps.next();
    while (step.done !== true && performance.now() < endMs) step = this.#steps.next();
    this.#spentMs += performance.now() - beganMs;
    if (step.done === true) this.#found = step.value;
    if (step.done === true || this.#spentMs >= this.#spentMsMax) this.#onEnd(this.#spentMs);
    else this.#continue();
  }
}

/** null: nobody was found, among these processes. */
function* stepsOfSearch(
  addon: Addon,
  own: SocketAddress,
  rootPid: number | null,
): Generator<void, NamedProcess | null> {
  const inode = readOrNull(() => inodeOf(addon, own));
  if (inode === null) return null;
  const link = `socket:[${inode}]`;
  yield;
  const look = () => (rootPid === null ? everybody() : treeOf(addon, rootPid));
  for (const pid of readOrNull(look) ?? []) {
    // The daemon's own is the far end of a published port: it speaks for somebody else.
    if (pid === process.pid) continue;
    const directory = `/proc/${pid}/fd`;
    for (const name of readOrNull(() => readdirSync(directory)) ?? []) {
      if (readOrNull(() => readlinkSync(`${directory}/${name}`)) === link) {
        return { pid, program: programOf(pid) };
      }
      yield;
    }
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

/** null: it has ended, is not ours to look into, or the machine is short of something. */
function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}
