/** Many seeds, and what is to be said of them all. */
import { allTransitions } from "./coverage.js";
import type { Decision } from "./fault-plan.js";
import type { Pattern } from "./scenario.js";
import type { SeedOrder, SeedReport } from "./seed-worker.js";
import { shrink } from "./shrink.js";
import { runWorld, type WorldOptions, type WorldResult } from "./world.js";

/** One in so many is watched for the transitions that it goes through, which takes longer. */
const coverageEvery = 4;

export class Campaign {
  readonly failures: WorldResult[] = [];
  readonly faults = new Map<string, number>();
  readonly outcomes = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly #taken = new Set<string>();
  #begun = 0;
  seeds = 0;
  connects = 0;
  simulatedMs = 0;

  /** What is to be run for the next seed. */
  order(seed: number, pattern: Pattern): SeedOrder {
    this.#begun += 1;
    return { seed, pattern, isWatched: this.#begun % coverageEvery === 1 };
  }

  add({ result, taken }: SeedReport): void {
    this.seeds += 1;
    this.connects += result.connects;
    this.simulatedMs += result.simulatedMs;
    for (const { kind } of result.decisions) add(this.faults, kind, 1);
    for (const [outcome, count] of result.outcomes) add(this.outcomes, outcome, count);
    for (const [event, count] of result.refused) add(this.refused, event, count);
    for (const transition of taken) this.#taken.add(transition);
    if (result.violation !== null) this.failures.push(result);
  }

  /** Transitions that no seed has taken yet, and how many there are. */
  get unseen(): { readonly names: readonly string[]; readonly all: number } {
    const all = allTransitions();
    return { names: [...all].filter((name) => !this.#taken.has(name)), all: all.size };
  }
}

/** The history of a failure with as few faults as break the same invariant, and its trace. */
export async function shrunk(failure: WorldResult, options: WorldOptions): Promise<WorldResult> {
  const { invariant } = failure.violation ?? {};
  const attempt = (decisions: readonly Decision[]) => runWorld({ ...options, decisions });
  const decisions = await shrink(failure.decisions, async (some) => {
    const { violation } = await attempt(some);
    return violation?.invariant === invariant;
  });
  return runWorld({ ...options, decisions, keepsTrace: true });
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
