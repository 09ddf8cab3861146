/** What the kernel says of running hosts, read once for each `im status`. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessTree {
  readonly pids: readonly number[];
  readonly memoryMb: number;
}

interface Row {
  readonly parent: number;
  readonly command: string;
}

const pageBytes = 4096;
const commandLengthMax = 120;

export class SystemObservation {
  readonly #processes: ReadonlyMap<number, Row>;
  readonly #established: ReadonlyMap<number, number>;

  constructor() {
    this.#processes = readProcesses();
    this.#established = readEstablished();
  }

  /** Guest processes below a host-runtime: neither itself nor its init. */
  guestsBelow(runtimePid: number): ProcessTree {
    const pids: number[] = [];
    for (const [pid, row] of this.#processes) {
      if (row.command !== "im-init" && pid !== runtimePid && this.#descends(pid, runtimePid)) {
        pids.push(pid);
      }
    }
    const memoryMb = pids.reduce((sum, pid) => sum + residentMb(pid), 0);
    return { pids, memoryMb: Math.round(memoryMb * 10) / 10 };
  }

  /** Established connections whose local end is the address (IPv4 in host order). */
  connections(address: number): number {
    return this.#established.get(address) ?? 0;
  }

  #descends(pid: number, ancestor: number): boolean {
    let at = this.#processes.get(pid)?.parent;
    for (let depth = 0; at !== undefined && at > 1 && depth < 1000; depth += 1) {
      if (at === ancestor) return true;
      at = this.#processes.get(at)?.parent;
    }
    return false;
  }
}

function readProcesses(): ReadonlyMap<number, Row> {
  const rows = new Map<number, Row>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOrNull(`/proc/${name}/stat`);
    const found = stat?.match(/^\d+ \((.*)\) \S (\d+)/s);
    if (found) rows.set(Number(name), { command: found[1] ?? "", parent: Number(found[2]) });
  }
  return rows;
}

function residentMb(pid: number): number {
  const pages = Number(readOrNull(`/proc/${pid}/statm`)?.split(" ")[1] ?? 0);
  return (pages * pageBytes) / 1_000_000;
}

/** Its words, shortened; null: it has ended. */
export function commandOf(pid: number): string | null {
  const words = readOrNull(`/proc/${pid}/cmdline`)?.split("\0").join(" ").trim() ?? "";
  return words === "" ? null : words.slice(0, commandLengthMax);
}

function readEstablished(): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const rows = readOrNull("/proc/net/tcp")?.split("\n").slice(1) ?? [];
  for (const row of rows) {
    const found = row.match(/^\s*\d+: ([0-9A-F]{8}):[0-9A-F]{4} \S+ 01 /);
    if (found?.[1] === undefined) continue;
    const address = Buffer.from(found[1], "hex").readUInt32LE(0);
    counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  return counts;
}

/** null: the process ended while we looked. */
function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
