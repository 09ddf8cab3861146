/** What looking at running hosts costs, and what hosts that sleep weigh. */
import { setTimeout as delay } from "node:timers/promises";
import { client, echo } from "./paths.js";
import { childrenOf, cpuMs, nameOf, proportionalBytes } from "./processes.js";
import { Program } from "./program.js";
import type { Run } from "./run.js";

const deployment = "costs";
const port = 7000;
const asleepCount = 50;
const group = "sleep";
const megabyte = 2 ** 20;
const shareMaxPercent = 0.5;

export async function measureSleepCosts(run: Run): Promise<void> {
  const quick = run.rounds(0, 1000) === 0;
  const [hosts, connections] = quick ? [10, 200] : [100, 2000];
  const slept = Math.min(hosts, asleepCount);
  const idle = { after: "1h", terminateAfter: "never" };
  run.home.deploy(deployment, {
    web: { command: [echo, String(port)], listen: [port], count: hosts, idle },
  });
  const addressOf = await run.home.addresses(deployment, "web");
  const outside = new Program([client]);
  try {
    await run.home.spareReady();
    const empty = weigh(run);
    await wake(run, 0, slept);
    const running = weigh(run);
    for (let number = 0; number < slept; number += 1) {
      await run.home.client.suspend(deployment, `web-${number}`);
    }
    const asleep = weigh(run);
    const each = (bytes: number) => bytes / slept / megabyte;
    const note = (name: string, value: number, unit: string) =>
      run.facts.push({ group, name, value: Math.round(value * 100) / 100, unit });
    note(`${slept} running hosts, each: ours`, each(running.ours - empty.ours), "MB (PSS)");
    note(`${slept} suspended hosts, each: ours`, each(asleep.ours - empty.ours), "MB (PSS)");
    note(`${slept} suspended hosts, each: guest`, each(asleep.guests), "MB (PSS)");
    note(`${slept} suspended hosts: everything`, asleep.all / megabyte, "MB (PSS)");
    await wake(run, 0, hosts);
    for (let number = 0; number < hosts; number += 1) {
      const some = String(connections / hosts);
      await outside.ask("hold", addressOf(number), String(port), some, "78");
    }
    const { percent, looks, ms, seen, oursPercent } = await sensing(run, quick ? 5 : 30);
    note(`sensor: ${hosts} running hosts, ${connections} connections`, percent, "% of a core");
    note(`sensor: a look at ${seen} connections (${looks} looks)`, ms, "ms");
    note("everything of ours meanwhile", oursPercent, "% of a core");
    run.goals.push({
      what: `sensor, ${hosts} running hosts and ${connections} connections`,
      wanted: `< ${shareMaxPercent} % of a core`,
      measured: `${percent.toFixed(2)} %`,
    });
  } finally {
    await outside.kill();
    await run.home.down();
  }
}

/** One after the other, each by its first connection being wanted. */
async function wake(run: Run, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number += 1) {
    run.say(`running hosts: ${number + 1} of ${to}`);
    await run.home.client.wake(deployment, `web-${number}`);
  }
}

/** In bytes. What `im-init` starts does not carry our variables. */
function weigh(run: Run) {
  const home = run.home.processes();
  const inits = home.flatMap(childrenOf).filter((pid) => nameOf(pid) === "im-init");
  const sum = (pids: readonly number[]) =>
    pids.reduce((bytes, pid) => bytes + proportionalBytes(pid), 0);
  const ours = sum([...new Set([...home, ...inits])]);
  const guests = sum(inits.flatMap(childrenOf));
  return { ours, guests, all: ours + guests };
}

/** Over so many seconds; of a look, ms. */
async function sensing(run: Run, seconds: number) {
  run.say("what looking costs");
  const ours = run.home.processes();
  const usedMs = () => ours.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const [before, usedBefore, beganMs] = [await sensed(run), usedMs(), performance.now()];
  await delay(seconds * 1000);
  const [after, usedAfter, endedMs] = [await sensed(run), usedMs(), performance.now()];
  const tookMs = (after.seconds - before.seconds) * 1000;
  const looks = after.looks - before.looks;
  const percent = (100 * tookMs) / (endedMs - beganMs);
  const oursPercent = (100 * (usedAfter - usedBefore)) / (endedMs - beganMs);
  return { percent, looks, ms: tookMs / looks, seen: after.connections, oursPercent };
}

/** Since the daemon began. */
async function sensed(run: Run) {
  const text = await run.home.client.metrics();
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  return {
    looks: value("im_sensing_looks_total"),
    seconds: value("im_sensing_seconds_total"),
    connections: value("im_sensing_connections"),
  };
}
