/** Every process of one IM_HOME, found by what it names, and what it is. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { grouped } from "./grouped.js";

export const processKinds = ["daemon", "keeper", "store", "runtime", "init", "guest"] as const;
export type ProcessKind = (typeof processKinds)[number];

export interface SoakProcess {
  readonly pid: number;
  /** Ticks since the machine's start: with the pid, names a process for good. */
  readonly startTicks: string;
  readonly kind: ProcessKind;
  /** Whose life it carries; null where it carries none, or it cannot be told yet. */
  readonly host: string | null;
  /** NaN where it cannot be told. */
  readonly incarnation: number;
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly startTicks: string;
  readonly command: readonly string[];
  readonly environment: string;
  readonly directory: string;
}

/** Every host has a working directory of its own: a guest may wipe out its environment. */
const ofHost = /\/hosts\/([^/]+)(?:\/|$)/;

/** `paths`: IM_HOME and its runtime directory. Clients, and whoever asks, are none of it. */
export function findProcesses(paths: readonly string[]): readonly SoakProcess[] {
  const entries = readdirSync("/proc").flatMap((name) => {
    const entry = /^\d+$/.test(name) ? readEntry(Number(name), paths) : null;
    return entry === null ? [] : [entry];
  });
  const children = grouped(entries, ({ parent }) => parent);
  return entries.flatMap((entry) => {
    const kind = kindOf(entry);
    if (kind === null) return [];
    const { pid, startTicks } = entry;
    const incarnation = Number(variable(entry, "IM_INCARNATION") ?? Number.NaN);
    return [{ pid, startTicks, kind, host: hostOf(entry, children), incarnation }];
  });
}

/** True while the very same process is there; a zombie is not. */
export function isAlive({ pid, startTicks }: SoakProcess): boolean {
  return readStat(pid)?.startTicks === startTicks;
}

function kindOf(entry: Entry): ProcessKind | null {
  if (entry.pid === process.pid) return null;
  if (ofHost.test(entry.directory)) return "guest";
  const [program = "", ...words] = entry.command;
  // Ours are started with flags of Node.
  const script = words.find((word) => !word.startsWith("--")) ?? "";
  if (basename(program) === "im-keeper") return "keeper";
  if (basename(program) === "im-init") return "init";
  if (script.endsWith("/platform/daemon/main.js")) return "daemon";
  if (script.includes("/simulator/dynamodb/")) return "store";
  if (script.endsWith("/host-runtime/main.js")) return "runtime";
  return null;
}

/** A runtime and an init carry the life of the guest below them. */
function hostOf(entry: Entry, children: ReadonlyMap<number, readonly Entry[]>): string | null {
  const own = ofHost.exec(entry.directory)?.[1];
  if (own !== undefined) return own;
  const kind = kindOf(entry);
  if (kind !== "runtime" && kind !== "init") return null;
  for (const child of children.get(entry.pid) ?? []) {
    const found = hostOf(child, children);
    if (found !== null) return found;
  }
  return null;
}

function variable(entry: Entry, name: string): string | null {
  const prefix = `${name}=`;
  const found = entry.environment.split("\0").find((text) => text.startsWith(prefix));
  return found?.slice(prefix.length) ?? null;
}

function readEntry(pid: number, paths: readonly string[]): Entry | null {
  const environment = read(() => readFileSync(`/proc/${pid}/environ`, "latin1"));
  const command = read(() => readFileSync(`/proc/${pid}/cmdline`, "latin1"));
  const directory = read(() => readlinkSync(`/proc/${pid}/cwd`));
  const all = `${environment}\n${command}\n${directory}`;
  if (!paths.some((path) => all.includes(path))) return null;
  const stat = readStat(pid);
  if (stat === null) return null;
  const { parent, startTicks } = stat;
  const words = command.split("\0");
  return { pid, parent, startTicks, command: words, environment, directory };
}

interface Stat {
  readonly parent: number;
  readonly startTicks: string;
}

/** null: there is no such process, or it has ended. */
function readStat(pid: number): Stat | null {
  const text = read(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (text === "") return null;
  // The name, in brackets, may hold anything.
  const columns = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state = "", parent = ""] = columns;
  if (state === "Z" || state === "X") return null;
  return { parent: Number(parent), startTicks: columns[19] ?? "" };
}

/** Whatever cannot be read is somebody else's, or has just ended. */
function read(reader: () => string): string {
  try {
    return reader();
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}
