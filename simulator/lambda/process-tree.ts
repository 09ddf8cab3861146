import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { delay } from "./delay.js";
import type { ProcessEntry, ProcessSnapshot, ProcessTable } from "./process-table.js";
import { whenPossible } from "./shortage.js";

const firstPauseMs = 2;
const pauseMsMax = 200;
/** Rounds after which a tree that does not die is reported: about five seconds. */
const roundsBeforeWarning = 30;

/**
 * Everything that belongs to one environment: what carries its marker, what was started by such a
 * process, and what was once seen to be either (a guest may clear its variables and be orphaned).
 */
export class ProcessTree {
  readonly #known = new Map<number, string>();

  constructor(
    private readonly table: ProcessTable,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly marker: string,
  ) {}

  /** Processes of the tree that are alive now. */
  async members(): Promise<readonly ProcessEntry[]> {
    const snapshot = await whenPossible(this.clock, () => this.table.scan());
    const members = collect(snapshot, (entry) => this.#isRoot(entry));
    this.#known.clear();
    for (const entry of members) this.#known.set(entry.pid, entry.startTime);
    return members.filter((entry) => entry.alive);
  }

  /** SIGKILL for all of it, repeated until nothing is left: resolves with that proof. */
  async kill(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (let round = 1; ; round += 1) {
      const members = await this.members();
      if (members.length === 0) return;
      for (const entry of members) signal(entry.pid, "SIGKILL");
      if (round % roundsBeforeWarning === 0) {
        const pids = members.map((entry) => entry.pid);
        this.log.warn({ environment: this.marker, pids }, "processes outlive SIGKILL");
      }
      await delay(this.clock, pauseMs);
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
    }
  }

  #isRoot(entry: ProcessEntry): boolean {
    return entry.marker === this.marker || this.#known.get(entry.pid) === entry.startTime;
  }
}

/** The roots and everything below them. */
function collect(
  snapshot: ProcessSnapshot,
  isRoot: (entry: ProcessEntry) => boolean,
): readonly ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  const members = new Set<ProcessEntry>();
  for (const entry of snapshot.values()) {
    const siblings = children.get(entry.parentPid);
    if (siblings === undefined) children.set(entry.parentPid, [entry]);
    else siblings.push(entry);
    if (isRoot(entry)) members.add(entry);
  }
  // A set yields what is added while it is walked.
  for (const entry of members) {
    for (const child of children.get(entry.pid) ?? []) members.add(child);
  }
  return [...members];
}

/** As `signal`. False: the process has more rights than we have, and is left as it is. */
export function signalIfAllowed(pid: number, name: NodeJS.Signals): boolean {
  try {
    signal(pid, name);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPERM") return false;
    throw error;
  }
}

/** Sends a signal to a process, or with a negative pid to a group, that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // ESRCH: it ended by itself, which is what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
