/**
 * Whether the processes of a host did work, or only ticked: the time they used over a short window
 * against an allowance. redis ticks ten times a second, a JVM more often; neither reaches it.
 */
import type { ProcessUse } from "../ports/sensor.js";

interface Look {
  readonly atMs: number;
  readonly processes: readonly ProcessUse[];
  readonly cpuMs: number;
}

/** Of one processor: 5 %, and one grain of the kernel's accounting. */
const allowanceShare = 0.05;
const grainMs = 10;

export class ProcessActivity {
  readonly #windowMs: number;
  #looks: readonly Look[] = [];

  /** `windowMs`: what is used within it counts. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Looks have covered enough of the window: before that nobody can say that nothing worked. */
  get known(): boolean {
    const [first] = this.#looks;
    const last = this.#looks.at(-1);
    if (first === undefined || last === undefined) return false;
    return last.atMs - first.atMs >= this.#windowMs / 2;
  }

  /** Nobody looks for a while: what is used meanwhile is not known to be recent. */
  forget(): void {
    this.#looks = [];
  }

  /** Who worked since the start of the window; `pid` null: one that has ended. */
  look(processes: readonly ProcessUse[], atMs: number): { readonly pid: number | null } | null {
    const cpuMs = processes.reduce((sum, process) => sum + process.cpuMs, 0);
    const look: Look = { atMs, processes, cpuMs };
    const last = this.#looks.at(-1);
    const first = this.#looks[0];
    if (first === undefined || last === undefined) {
      this.#looks = [look];
      return null;
    }
    this.#keep(look);
    const used = cpuMs - first.cpuMs;
    const spanMs = atMs - first.atMs;
    if (used < 0) return this.#worked(look, null);
    if (used > grainMs + allowanceShare * spanMs) return this.#worked(look, busiest(first, look));
    const blocked = processes.find(({ pid, blocked }) => blocked && wasBlocked(last, pid));
    return blocked === undefined ? null : { pid: blocked.pid };
  }

  #keep(look: Look): void {
    const fromMs = look.atMs - this.#windowMs;
    // The youngest look outside of the window is its beginning.
    const begin = this.#looks.findLastIndex(({ atMs }) => atMs <= fromMs);
    this.#looks = [...this.#looks.slice(Math.max(0, begin)), look];
  }

  #worked(look: Look, pid: number | null): { readonly pid: number | null } {
    this.#looks = [look];
    return { pid };
  }
}

function busiest(before: Look, now: Look): number | null {
  const usedBefore = new Map(before.processes.map(({ pid, cpuMs }) => [pid, cpuMs]));
  let most: { pid: number; used: number } | null = null;
  for (const { pid, cpuMs } of now.processes) {
    const used = cpuMs - (usedBefore.get(pid) ?? 0);
    if (used > 0 && used > (most?.used ?? 0)) most = { pid, used };
  }
  return most?.pid ?? null;
}

function wasBlocked(look: Look, wanted: number): boolean {
  return look.processes.some(({ pid, blocked }) => pid === wanted && blocked);
}
