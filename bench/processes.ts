/** Processes of this machine, as /proc tells them. */
import { readdirSync, readFileSync } from "node:fs";

/** A clock tick, as Linux shows it to programs, is a hundredth of a second. */
const msPerTick = 10;

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Its variables, NUL between them; "" where that may not be read. */
  readonly environment: string;
}

export function processes(): readonly ProcessEntry[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    return Number.isInteger(pid) ? (entryOf(pid) ?? []) : [];
  });
}

/** "": it has ended. */
export function nameOf(pid: number): string {
  return entryOf(pid)?.name ?? "";
}

export function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? "";
  return text.split(" ").filter(Boolean).map(Number);
}

/** Memory that is a process's own, with its share of what it shares, in bytes. */
export function proportionalBytes(pid: number): number {
  const text = read(`/proc/${pid}/smaps_rollup`) ?? "";
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Time on a processor that it has used, ms; 0 where it has ended. */
export function cpuMs(pid: number): number {
  const stat = read(`/proc/${pid}/stat`) ?? "";
  const columns = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(columns[11] ?? 0) + Number(columns[12] ?? 0)) * msPerTick;
}

/** Of the whole machine's kernel: sockets, files and what belongs to them. */
export function slabBytes(): number {
  const text = readFileSync("/proc/meminfo", "utf8");
  return Number(/^Slab:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** null: it has ended. */
function entryOf(pid: number): ProcessEntry | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const end = stat.lastIndexOf(")");
  return {
    pid,
    parent: Number(stat.slice(end + 2).split(" ")[1]),
    name: stat.slice(stat.indexOf("(") + 1, end),
    environment: read(`/proc/${pid}/environ`) ?? "",
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // It has ended, or is somebody else's.
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code)) return null;
    throw error;
  }
}
