/** Each second one process is killed, or now and then a host stopped. */
import { setTimeout as pause } from "node:timers/promises";
import type { Kills } from "./kills.js";
import { findProcesses, isAlive, type ProcessKind, type SoakProcess } from "./processes.js";
import type { SeededRandom } from "./seeded-random.js";
import { sparedKinds } from "./spared.js";

export interface KillerParts {
  readonly paths: readonly string[];
  readonly kinds: readonly ProcessKind[];
  readonly random: SeededRandom;
  readonly kills: Kills;
  /** How many are declared. */
  readonly hosts: number;
  /** Daemon and keeper within one moment, too: then what waited in the queues is lost. */
  readonly together: boolean;
  readonly stop: (host: string) => Promise<void>;
  /** Each second, everything that runs. */
  readonly onLook: (processes: readonly SoakProcess[]) => void;
}

const everyMs = 1000;
/** Of the seconds, how many go to a kind first: the few that hold the node together. */
const byKindShare = 0.3;
const stopShare = 0.05;

/** Resolves when the signal says that it is enough. */
export async function killNowAndThen(parts: KillerParts, enough: AbortSignal): Promise<void> {
  while (!enough.aborted) {
    await pause(everyMs, undefined, { signal: enough }).catch(untilAborted);
    if (enough.aborted) return;
    const processes = findProcesses(parts.paths);
    parts.onLook(processes);
    if (parts.kinds.length > 0) strike(parts, processes);
  }
}

function strike(parts: KillerParts, processes: readonly SoakProcess[]): void {
  const { random, kills, kinds } = parts;
  const spared = parts.together ? null : sparedKinds(processes, parts.hosts);
  const candidates = processes.filter(({ kind }) => kinds.includes(kind) && !spared?.has(kind));
  if (random.next() < stopShare) {
    const host = random.pick(candidates.filter(({ kind }) => kind === "guest"))?.host;
    if (host === null || host === undefined) return;
    kills.add("stop", host, 0);
    parts.stop(host).finally(() => kills.add("stop", host, 0));
    return;
  }
  const victim = choose(random, candidates);
  if (victim === null || !isAlive(victim)) return;
  kills.add(victim.kind, victim.host, victim.pid);
  process.kill(victim.pid, "SIGKILL");
}

function choose(random: SeededRandom, candidates: readonly SoakProcess[]): SoakProcess | null {
  if (random.next() >= byKindShare) return random.pick(candidates);
  const kinds = [...new Set(candidates.map(({ kind }) => kind))].sort();
  const kind = random.pick(kinds);
  return random.pick(candidates.filter((candidate) => candidate.kind === kind));
}

/** The pause was cut short: what ends it is looked at by the caller. */
export function untilAborted(error: unknown): void {
  if (error instanceof Error && error.name === "AbortError") return;
  throw error;
}
