/**
 * Fault injection: IM_TEST_KILL names a file that holds `<victim>@<step>`. The first time that a
 * host reaches the step the victim gets SIGKILL, as in a crash; the file is removed before that, so
 * that it happens once, and shows that it did. Without the variable nothing of this is there.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";

/** Processes of the node, by what they are to a host. */
export interface Victims {
  readonly store: () => readonly number[];
  readonly keeper: () => readonly number[];
  /** Of the environment that the host's function was invoked in, else of the spares. */
  readonly runtime: (host: string) => readonly number[];
}

/** Called by the supervisor at each step that a crash is tested at. */
export type ReachStep = (step: string, host: string) => void;

export function stepKiller(victims: Victims): ReachStep {
  const order = process.env["IM_TEST_KILL"] ?? "";
  if (order === "") return () => undefined;
  return (step, host) => {
    if (!existsSync(order)) return;
    const [victim = "", at] = readFileSync(order, "utf8").trim().split("@");
    const pids = at === step ? pidsOf(victim, host, victims) : [];
    if (pids.length === 0) return;
    rmSync(order);
    for (const pid of pids) process.kill(pid, "SIGKILL");
  };
}

function pidsOf(victim: string, host: string, victims: Victims): readonly number[] {
  switch (victim) {
    case "daemon":
      return [process.pid];
    case "store":
      return victims.store();
    case "keeper":
      return victims.keeper();
    case "runtime":
      return victims.runtime(host);
    case "init":
      return childrenOf(victims.runtime(host));
    case "guest":
      return childrenOf(childrenOf(victims.runtime(host)));
    default:
      throw new Error(`IM_TEST_KILL: nobody is called ${victim}`);
  }
}

function childrenOf(parents: readonly number[]): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => parents.includes(parentOf(pid)));
}

/** NaN: not a process, or none any more. */
function parentOf(pid: number): number {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return Number.NaN;
  const stat = readFileSync(path, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
