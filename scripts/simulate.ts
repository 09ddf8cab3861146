/** Seeds of the simulated world: see `usage`. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Campaign, shrunk } from "../simulator/world/campaign.js";
import { limitsOf, type Pattern, patterns } from "../simulator/world/scenario.js";
import { SeedWorkers } from "../simulator/world/seed-workers.js";
import { runWorld, type WorldResult } from "../simulator/world/world.js";

const usage = `npm run simulate -- [options]

  --seeds 10000   so many new seeds, after the kept ones (default 1000)
  --minutes 10    as many as can be run in that time
  --from 1        the first of the new ones
  --jobs ${availableParallelism()}        threads (default: one for each processor)
  --seed 7        this one alone; --trace prints what happens in it
  --pattern mixed what the worlds are like: mixed, rough (more goes wrong, people meddle),
                  zombie (a machine comes back after an hour), herd (a hundred at once)

Ctrl-C ends it with what is known by then. Exit status 1: an invariant is violated;
the shortest history that violates it is printed.`;

const keptFile = new URL("../../test/simulation/seeds.json", import.meta.url);
const progressEveryMs = 10_000;

const values = parsed();
const pattern = patternOf(values.pattern);
if (values.help) console.log(usage);
else if (values.seed !== undefined) await one(whole("seed", values.seed), values.trace);
else await many();

function parsed() {
  const string = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    ...{ seeds: string, minutes: string, from: string, jobs: string, seed: string },
    pattern: { ...string, default: "mixed" },
    ...{ trace: flag, help: { ...flag, short: "h" } },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** At least 1, else the program ends. */
function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  return refuse(`--${name} wants a whole number from 1, not ${text}`);
}

function patternOf(text: string): Pattern {
  const found = patterns.find((one) => one === text);
  return found ?? refuse(`--pattern wants one of ${patterns.join(", ")}, not ${text}`);
}

function refuse(why: string): never {
  console.error(`${why}\n\n${usage}`);
  process.exit(2);
}

async function one(seed: number, keepsTrace: boolean): Promise<void> {
  const result = await runWorld({ seed, keepsTrace, limits: limitsOf[pattern] });
  for (const line of result.trace) console.log(line);
  console.log(`seed ${seed}: ${verdict(result)}, trace ${result.hash}`);
  if (result.violation !== null) await explain(result);
}

async function many(): Promise<void> {
  const { minutes, seeds: count = minutes === undefined ? "1000" : undefined } = values;
  const jobs = whole("jobs", values.jobs ?? String(availableParallelism()));
  const wanted = seeds(
    whole("from", values.from ?? "1"),
    count === undefined ? Infinity : whole("seeds", count),
  );
  const forMs = minutes === undefined ? Infinity : whole("minutes", minutes) * 60_000;
  const workers = new SeedWorkers(jobs);
  const campaign = new Campaign();
  const beganMs = performance.now();
  const passedMs = () => performance.now() - beganMs;
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
  });
  console.log(`${jobs} threads, the seeds of test/simulation/seeds.json first`);
  const progress = setInterval(() => console.log(rate(campaign, passedMs())), progressEveryMs);
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (const seed of wanted) {
        if (interrupted || passedMs() > forMs) return;
        const report = await workers.run(campaign.order(seed, pattern));
        campaign.add(report);
        const { result } = report;
        if (result.violation !== null) console.log(`seed ${seed}: ${verdict(result)}`);
      }
    }),
  );
  clearInterval(progress);
  summarize(campaign, passedMs());
  await workers.close();
  const [first] = campaign.failures;
  if (first !== undefined) await explain(first);
}

function* seeds(from: number, count: number): Generator<number> {
  const kept: Partial<Record<Pattern, object>> = JSON.parse(readFileSync(keptFile, "utf8"));
  for (const seed of Object.keys(kept[pattern] ?? {})) yield Number(seed);
  for (let seed = from; seed < from + count; seed += 1) yield seed;
}

/** Shrinks it, and says how to see it again. */
async function explain(failure: WorldResult): Promise<void> {
  process.exitCode = 1;
  console.log(`shrinking seed ${failure.seed} from ${failure.decisions.length} faults`);
  const world = { seed: failure.seed, limits: limitsOf[pattern] };
  const { decisions, trace } = await shrunk(failure, world);
  for (const line of trace) console.log(line);
  console.log(`with these ${decisions.length} faults alone:`);
  for (const { at, kind, size } of decisions) console.log(`  ${at}  ${kind}  ${size.toFixed(3)}`);
  console.log(`again: npm run simulate -- --seed ${failure.seed} --pattern ${pattern} --trace`);
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
