/** A thread that runs worlds, one seed after the other; see seed-workers.ts. */
import { isMainThread, parentPort } from "node:worker_threads";
import { Coverage } from "./coverage.js";
import { limitsOf, type Pattern } from "./scenario.js";
import { runWorld, type WorldResult } from "./world.js";

/** What a thread is asked for. */
export interface SeedOrder {
  readonly seed: number;
  readonly pattern: Pattern;
  /** Whether the transitions are collected: that takes longer. */
  readonly isWatched: boolean;
}

/** What it answers. */
export interface SeedReport {
  readonly result: WorldResult;
  /** Names of the transitions taken, none of a seed that is not watched. */
  readonly taken: readonly string[];
}

export async function runSeed({ seed, pattern, isWatched }: SeedOrder): Promise<SeedReport> {
  const world = { seed, limits: limitsOf[pattern] };
  if (!isWatched) return { result: await runWorld(world), taken: [] };
  const coverage = new Coverage();
  const result = await runWorld({ ...world, coverage });
  return { result, taken: [...coverage.taken.keys()] };
}

if (!isMainThread) {
  parentPort?.on("message", async (order: SeedOrder) => {
    parentPort?.postMessage(await runSeed(order));
  });
}
