/**
 * npm run simulate -- [--seeds 10000] [--minutes 10] [--from 1]     many seeds, kept ones first
 * npm run simulate -- --seed 7 [--trace]                            one, with its trace
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Campaign, shrunk } from "../simulator/world/campaign.js";
import { runWorld, type WorldResult } from "../simulator/world/world.js";

const keptFile = new URL("../../test/simulation/seeds.json", import.meta.url);
const progressEveryMs = 10_000;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    seeds: { type: "string" },
    minutes: { type: "string" },
    from: { type: "string", default: "1" },
  },
});

if (values.seed !== undefined) await one(Number(values.seed), values.trace);
else await many();

async function one(seed: number, keepsTrace: boolean): Promise<void> {
  const result = await runWorld({ seed, keepsTrace });
  for (const line of result.trace) console.log(line);
  console.log(`seed ${seed}: ${verdict(result)}, trace ${result.hash}`);
  if (result.violation !== null) await explain(result);
}

async function many(): Promise<void> {
  const campaign = new Campaign();
  const beganMs = performance.now();
  const endMs = values.minutes === undefined ? Infinity : beganMs + Number(values.minutes) * 60_000;
  const count = Number(values.seeds ?? (values.minutes === undefined ? 1_000 : Infinity));
  let toldMs = beganMs;
  for (const seed of seeds(count)) {
    if (performance.now() > endMs) break;
    const result = await campaign.run(seed);
    if (result.violation !== null) console.log(`seed ${seed}: ${verdict(result)}`);
    if (performance.now() - toldMs < progressEveryMs) continue;
    toldMs = performance.now();
    console.log(rate(campaign, toldMs - beganMs));
  }
  summarize(campaign, performance.now() - beganMs);
  const [first] = campaign.failures;
  if (first !== undefined) await explain(first);
}

function* seeds(count: number): Generator<number> {
  const kept: { readonly seeds: Record<string, string> } = JSON.parse(
    readFileSync(keptFile, "utf8"),
  );
  for (const seed of Object.keys(kept.seeds)) yield Number(seed);
  const from = Number(values.from);
  for (let seed = from; seed < from + count; seed += 1) yield seed;
}

/** Shrinks it, and says how to see it again. */
async function explain(failure: WorldResult): Promise<void> {
  process.exitCode = 1;
  console.log(`shrinking seed ${failure.seed} from ${failure.decisions.length} faults`);
  const { decisions, trace } = await shrunk(failure, { seed: failure.seed });
  for (const line of trace) console.log(line);
  console.log(`with these ${decisions.length} faults alone:`);
  for (const { at, kind, size } of decisions) console.log(`  ${at}  ${kind}  ${size.toFixed(3)}`);
  console.log(`again: npm run simulate -- --seed ${failure.seed} --trace`);
}

function verdict({ violation }: WorldResult): string {
  if (violation === null) return "nothing is violated";
  const { invariant, what, atMs } = violation;
  return `${invariant} is violated at ${(atMs / 1000).toFixed(3)} s: ${what}`;
}

function rate(campaign: Campaign, tookMs: number): string {
  const { user, system } = process.cpuUsage();
  const cpuMinutes = (user + system) / 60e6;
  const hours = (campaign.simulatedMs / 3_600_000).toFixed(1);
  return [
    `${campaign.seeds} seeds`,
    `${Math.round((campaign.seeds * 60_000) / tookMs)} a minute`,
    `${Math.round(campaign.seeds / cpuMinutes)} a minute of one core's time`,
    `${hours} simulated hours`,
    `${campaign.failures.length} violations`,
  ].join(", ");
}

function summarize(campaign: Campaign, tookMs: number): void {
  console.log(rate(campaign, tookMs));
  table("connects", campaign.outcomes);
  table("faults", campaign.faults);
  table("events that a state did not expect", campaign.refused);
  const { names, all } = campaign.unseen;
  console.log(`transitions: ${all - names.length} of ${all} seen; never:`);
  for (const name of names) console.log(`  ${name}`);
}

function table(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`${title}:`);
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  for (const [name, count] of sorted) console.log(`  ${String(count).padStart(9)}  ${name}`);
}
