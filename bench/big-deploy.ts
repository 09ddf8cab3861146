/** Ten thousand hosts: how long they take to declare, and what they weigh while none runs. */
import { echo } from "./paths.js";
import { proportionalBytes, slabBytes } from "./processes.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";
import { median } from "./statistics.js";

const hostsCount = 10_000;
const port = 7000;

export async function measureBigDeploy(run: Run): Promise<void> {
  const rounds = run.rounds(1, 10);
  const few: number[] = [];
  const fresh: number[] = [];
  const running: number[] = [];
  const process: number[] = [];
  const kernel: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    run.say(`deploys of ${hostsCount} hosts: round ${round + 1} of ${rounds}`);
    few.push(run.home.deploy("few", hosts(2)));
    await run.home.spareReady();
    const before = weigh(run);
    running.push(run.home.deploy("many", hosts(hostsCount)));
    await run.home.spareReady();
    const after = weigh(run);
    process.push((after.process - before.process) / hostsCount);
    kernel.push((after.kernel - before.kernel) / hostsCount);
    await run.home.down();
    fresh.push(run.home.deploy("many", hosts(hostsCount)));
    await run.home.down();
  }
  run.rows.push(
    ...rowsOf("im deploy, from its call to its return", "ms", [
      { name: "2 hosts, no daemon running", values: few },
      { name: "10,000 hosts, no daemon running", values: fresh },
      { name: "10,000 hosts, daemon running", values: running },
    ]),
    ...rowsOf("memory of a host that does not run", "bytes", [
      { name: "kernel (slab)", values: kernel },
      { name: "all processes (PSS)", values: process },
    ]),
  );
  run.goals.push({
    what: "im deploy of 10,000 hosts, the daemon's start included",
    wanted: "≤ 2 s",
    measured: `${(median(fresh) / 1000).toFixed(2)} s`,
  });
}

function hosts(count: number) {
  return { web: { command: [echo, String(port)], listen: [port], count } };
}

function weigh(run: Run) {
  const process = run.home.processes().reduce((sum, pid) => sum + proportionalBytes(pid), 0);
  return { process, kernel: slabBytes() };
}
