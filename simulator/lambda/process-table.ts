import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isShortage } from "./shortage.js";

/** Carries an environment's id into every process of its tree. */
export const markerVariable = "AWS_LAMBDA_LOG_STREAM_NAME";

export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** Together with the pid it names one process for good. */
  readonly startTime: string;
  /** False for a zombie: nothing of it runs. */
  readonly alive: boolean;
  /** The kernel's letter: R runs, S sleeps, D waits for the kernel, T is stopped, Z is a zombie. */
  readonly state: string;
  /** The environment that its variables name. */
  readonly marker: string | null;
}

export type ProcessSnapshot = ReadonlyMap<number, ProcessEntry>;

interface Marker {
  readonly startTime: string;
  readonly marker: string | null;
}

/** Processes read between two turns of the event loop. */
const sliceLength = 200;

/**
 * What runs on this machine, read from /proc. One scan serves everybody who asked before it began,
 * so that a thousand environments that end together do not cost a thousand scans.
 */
export class ProcessTable {
  /** Variables change only by exec: each process's are read once. */
  #markers = new Map<number, Marker>();
  #running: Promise<ProcessSnapshot> | null = null;
  #next: Promise<ProcessSnapshot> | null = null;

  /** A scan that begins after this call. */
  scan(): Promise<ProcessSnapshot> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  async #begin(): Promise<ProcessSnapshot> {
    this.#next = null;
    const run = this.#read();
    this.#running = run;
    try {
      return await run;
    } finally {
      if (this.#running === run) this.#running = null;
    }
  }

  async #read(): Promise<ProcessSnapshot> {
    const snapshot = new Map<number, ProcessEntry>();
    const markers = new Map<number, Marker>();
    let count = 0;
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      count += 1;
      if (count % sliceLength === 0) await setImmediate();
      const entry = this.#entry(pid);
      if (entry === null) continue;
      snapshot.set(pid, entry);
    }
    for (const [pid, known] of this.#markers) {
      if (snapshot.get(pid)?.startTime === known.startTime) markers.set(pid, known);
    }
    this.#markers = markers;
    return snapshot;
  }

  #entry(pid: number): ProcessEntry | null {
    const status = readStatus(pid);
    if (status === null) return null;
    const marker = status.alive ? this.#marker(pid, status.startTime) : null;
    return { pid, ...status, marker };
  }

  #marker(pid: number, startTime: string): string | null {
    const known = this.#markers.get(pid);
    if (known?.startTime === startTime) return known.marker;
    const variables = readProcessFile(pid, "environ");
    // Empty: a kernel thread, or a process in the middle of its exec. Asked again next time.
    if (variables === null || variables === "") return null;
    const prefix = `${markerVariable}=`;
    const found = variables.split("\0").find((variable) => variable.startsWith(prefix));
    const marker = found === undefined ? null : found.slice(prefix.length);
    this.#markers.set(pid, { startTime, marker });
    return marker;
  }
}

/** Names one process of this machine for good; null: there is none of that number. */
export function identityOf(pid: number): string | null {
  const status = readStatus(pid);
  return status === null ? null : `${bootOfMachine()} ${status.startTime}`;
}

/** That very process, not another that got its number, runs. */
export function isRunning(pid: number, identity: string): boolean {
  return readStatus(pid)?.alive === true && identityOf(pid) === identity;
}

/** Start times count from it. */
function bootOfMachine(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

function readStatus(pid: number): Omit<ProcessEntry, "pid" | "marker"> | null {
  const stat = readProcessFile(pid, "stat");
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields ?? [];
  const startTime = fields?.[19];
  if (state === undefined || startTime === undefined) return null;
  const alive = state !== "Z" && state !== "X";
  return { parentPid: Number(parent), startTime, alive, state };
}

function readProcessFile(pid: number, file: "stat" | "environ"): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch (error) {
    // What could not be looked at has not ended.
    if (isShortage(error)) throw error;
    // It ended since the directory was read, or it belongs to another user: not ours either way.
    return null;
  }
}
