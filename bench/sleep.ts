/**
 * The same server awake and asleep: what its first byte costs, over a connection that is open and
 * over a new one. Each round takes every way once, in another order each time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ImError } from "../platform/errors/im-error.js";
import { measureFreezes } from "./freezes.js";
import { client } from "./paths.js";
import { has, type Served, servedPrograms } from "./peers.js";
import { numbers, Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";
import { measureSleepCosts } from "./sleep-costs.js";
import { median, shuffled } from "./statistics.js";

const deployment = "sleep";
const host = "web";
const port = 7000;
const openCounts = [1, 10, 100, 1000] as const;
const names = ["a tiny C server", "redis-server"];
const firstByteMsMax = 2;
/** What has just been asked is not quiet yet. */
const busyPauseMs = 5;

const waysOf = ["awake", "asleep"] as const;
const overs = ["an open connection", "a new connection"] as const;

interface Samples {
  readonly ms: number[];
  failed: number;
}

export async function measureSleep(run: Run): Promise<void> {
  await measureFreezes(run);
  const added: number[] = [];
  for (const served of servedPrograms.filter(({ name }) => names.includes(name))) {
    if (has(served.needs)) added.push(...(await measureProgram(run, served)));
    else run.skipped.add(`${served.needs}: not put to sleep`);
  }
  run.goals.push({
    what: "first byte through a frozen host, added to the same awake (the slowest of all)",
    wanted: `≤ ${firstByteMsMax} ms`,
    measured: `${Math.max(...added).toFixed(2)} ms`,
  });
  await measureSleepCosts(run);
}

/** Returns what sleep adds to the first byte, of each way to ask, in ms. */
async function measureProgram(run: Run, served: Served): Promise<readonly number[]> {
  const command = served.command(port, run.home.directory);
  const idle = { after: "never", terminateAfter: "never" };
  run.home.deploy(deployment, { [host]: { command, listen: [port], idle } });
  await run.home.client.wake(deployment, host);
  const { address } = await run.home.client.host(deployment, host);
  const outside = new Program([client]);
  const added: number[] = [];
  try {
    for (const count of openCounts) {
      await outside.ask("hold", address, String(port), String(count), served.request);
      added.push(...(await measureRounds(run, served, outside, address, count)));
      await outside.ask("release");
    }
    await noteResumes(run, served);
  } finally {
    await outside.kill();
    await run.home.down();
  }
  return added;
}

async function measureRounds(
  run: Run,
  served: Served,
  outside: Program,
  address: string,
  count: number,
): Promise<readonly number[]> {
  const rounds = run.rounds(3, 60);
  const suspends: number[] = [];
  const question = {
    "an open connection": () => outside.ask("again", served.request),
    "a new connection": () => outside.ask("cold", address, String(port), served.request),
  };
  const all = overs.flatMap((over) => waysOf.map((way) => ({ over, way, ms: [], failed: 0 })));
  const taken: readonly (Samples & (typeof all)[number])[] = all;
  for (let round = 0; round < rounds; round += 1) {
    run.say(`${served.name} asleep, ${count} open: round ${round + 1} of ${rounds}`);
    for (const sample of shuffled(taken, run.random)) {
      await run.home.client.wake(deployment, host);
      if (sample.way === "asleep") suspends.push(await suspend(run));
      const [ns = Number.NaN, failed = 0] = numbers(await question[sample.over]());
      sample.ms.push(ns / 1e6);
      sample.failed += failed;
    }
  }
  const added = overs.map((over) => {
    const series = taken.flatMap((one) =>
      one.over === over ? [{ name: one.way, values: one.ms, lost: one.failed }] : [],
    );
    const group = `first byte of ${served.name}, over ${over}, ${count} open`;
    const rows = rowsOf(group, "ms", series);
    run.rows.push(...rows);
    return rows[1]?.difference?.value ?? Number.NaN;
  });
  const group = `im suspend of ${served.name}, ${count} open`;
  run.rows.push(
    ...rowsOf(group, "ms", [{ name: "request until it is suspended", values: suspends }]),
  );
  return added;
}

/** Returns how long it took, in ms. */
async function suspend(run: Run): Promise<number> {
  for (;;) {
    const beganMs = performance.now();
    try {
      await run.home.client.suspend(deployment, host);
      return performance.now() - beganMs;
    } catch (error) {
      if (!(error instanceof ImError) || error.code !== "IM_HOST_BUSY") throw error;
    }
    await delay(busyPauseMs);
  }
}

/** The phases of every wake, as the host's own events tell them. */
async function noteResumes(run: Run, served: Served): Promise<void> {
  const events = await run.home.client.events(deployment);
  const phases = new Map<string, number[]>([["signal until registered", []]]);
  const note = (name: string, ms: number): void => {
    phases.set(name, [...(phases.get(name) ?? []), ms]);
  };
  for (const { from, wake } of events) {
    if (from !== "resuming" || wake === undefined) continue;
    note("signal until registered", median([wake.tookMs]));
    for (const { name, tookMs } of wake.phases) note(name, tookMs);
  }
  for (const [name, values] of phases) {
    run.rows.push(...rowsOf(`resumes of ${served.name}`, "ms", [{ name, values }]));
  }
}
