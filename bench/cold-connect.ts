/**
 * The first connect to a server that does not run: from the call of connect to the first byte of
 * the answer. Each round takes every way once, in another order each time, with a fresh process.
 */
import { client } from "./paths.js";
import { type Armed, has, type Peer, peers, type Served, servedPrograms } from "./peers.js";
import { freePort } from "./ports.js";
import { numbers, Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";
import { shuffled } from "./statistics.js";

const floor = "bare spawn and retry";
const ours = "Imaginary Machines";
const oursInside = "Imaginary Machines, client in the deployment";
const port = 7000;

interface Sample {
  readonly ms: number;
  readonly lost: number;
}

interface Way {
  readonly name: string;
  readonly take: (round: number) => Promise<Sample>;
}

export async function measureColdConnect(run: Run): Promise<void> {
  for (const { needs } of peers) {
    if (!has(needs)) run.skipped.add(`${needs}: not compared with`);
  }
  for (const served of servedPrograms) {
    if (!has(served.needs)) {
      run.skipped.add(`${served.needs}: not started`);
      continue;
    }
    await measureProgram(run, served);
  }
}

async function measureProgram(run: Run, served: Served): Promise<void> {
  const rounds = run.rounds(3, 100);
  const command = served.command(port, run.home.directory);
  const hosts = { web: { command, listen: [port], count: 2 * rounds } };
  const deployment = "cold";
  run.home.deploy(deployment, hosts);
  const addressOf = await run.home.addresses(deployment, "web");
  const outside = new Program([client]);
  const inside = run.home.run(client);
  const ways: readonly Way[] = [
    { name: floor, take: () => spawnAndRetry(run, outside, served) },
    { name: ours, take: (round) => coldHost(run, outside, served, addressOf, 2 * round) },
    { name: oursInside, take: (round) => coldHost(run, inside, served, addressOf, 2 * round + 1) },
    ...peers.flatMap((peer) => peerWay(run, outside, served, peer)),
  ];
  const samples = new Map<string, Sample[]>(ways.map(({ name }) => [name, []]));
  try {
    for (let round = 0; round < rounds; round += 1) {
      run.say(`cold connects to ${served.name}: round ${round + 1} of ${rounds}`);
      for (const { name, take } of shuffled(ways, run.random)) {
        // A spare that starts takes a CPU: nobody is measured meanwhile.
        await run.home.spareReady();
        samples.get(name)?.push(await take(round));
      }
    }
    await noteBoots(run, served, deployment);
  } finally {
    await Promise.all([outside.kill(), inside.kill()]);
    await run.home.down();
  }
  const series = [...samples].map(([name, taken]) => ({
    name,
    values: taken.map(({ ms }) => ms),
    lost: taken.reduce((sum, { lost }) => sum + lost, 0),
  }));
  const rows = rowsOf(`cold connect to ${served.name}`, "ms", series);
  run.rows.push(...rows);
  const added = rows.find(({ name }) => name === ours)?.difference?.value ?? Number.NaN;
  run.goals.push({
    what: `cold connect to ${served.name}, added to spawn and retry`,
    wanted: "≤ 8 ms",
    measured: `${added.toFixed(1)} ms`,
  });
}

async function spawnAndRetry(run: Run, from: Program, served: Served): Promise<Sample> {
  const at = await freePort();
  const command = served.command(at, run.home.directory);
  const answer = await from.ask("spawn", "127.0.0.1", String(at), served.request, ...command);
  return sampleOf(answer);
}

async function coldHost(
  run: Run,
  from: Program,
  served: Served,
  addressOf: (number: number) => string,
  number: number,
): Promise<Sample> {
  const answer = await from.ask("cold", addressOf(number), String(port), served.request);
  await run.home.client.stop("cold", `web-${number}`);
  return sampleOf(answer);
}

function peerWay(run: Run, from: Program, served: Served, peer: Peer): readonly Way[] {
  const arm = has(peer.needs) ? peer.arming(served, run.home.directory) : null;
  return arm === null ? [] : [{ name: peer.name, take: () => coldPeer(from, served, arm) }];
}

async function coldPeer(from: Program, served: Served, arm: () => Promise<Armed>): Promise<Sample> {
  const armed = await arm();
  try {
    return sampleOf(await from.ask("cold", "127.0.0.1", String(armed.port), served.request));
  } finally {
    await armed.over();
  }
}

function sampleOf(answer: string): Sample {
  const [ns = Number.NaN, lost = 0] = numbers(answer);
  return { ms: ns / 1e6, lost };
}

/** How long the boots themselves took, as the lifecycle's own events tell. */
async function noteBoots(run: Run, served: Served, deployment: string): Promise<void> {
  const events = await run.home.client.events(deployment);
  const tookMs = events.flatMap(({ from, to, tookMs }) =>
    from === "allocating" && to === "running" && tookMs !== null ? [tookMs] : [],
  );
  const group = `boots of ${served.name}`;
  run.rows.push(...rowsOf(group, "ms", [{ name: "claim to listen", values: tookMs }]));
}
