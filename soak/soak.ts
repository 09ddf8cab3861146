/** One soak, from the deploy to the search for leftovers. */
import { setTimeout as pause } from "node:timers/promises";
import { History } from "./history.js";
import { declareHosts } from "./hosts.js";
import { killNowAndThen } from "./killer.js";
import { Kills } from "./kills.js";
import { Lives } from "./lives.js";
import type { Plan } from "./plan.js";
import { findLost } from "./recovery.js";
import type { Report } from "./report.js";
import { SeededRandom } from "./seeded-random.js";
import { suspendNowAndThen } from "./sleeper.js";
import { Tally } from "./tally.js";
import { Traffic } from "./traffic.js";
import { im, SoakWorld } from "./world.js";

const progressMs = 10_000;
/** Events of the last moments. */
const lastEventsMs = 1000;

export async function soak(
  plan: Plan,
  interrupted: AbortSignal,
  say: (line: string) => void,
): Promise<Report> {
  const hosts = declareHosts(plan.hosts);
  const startedAt = new Date();
  const kills = new Kills();
  const world = await SoakWorld.open();
  const tally: Tally = new Tally(kills, () => history, say);
  const history = new History(world.client, (what) => tally.doubleLife(what));
  let leftovers: readonly string[] = [];
  try {
    await run(plan, { world, hosts, kills, tally, history, interrupted, say });
  } catch (error) {
    tally.violate(`the soak broke off: ${error instanceof Error ? error.stack : error}`);
  } finally {
    leftovers = await world.end();
    await world.remove(leftovers.length + tally.violationCount > 0);
  }
  const { connects, answers, errnos, cuts, hangs, doubleLives, violations } = tally;
  const { asked, suspends, slowestMs, slowCount, slow } = tally;
  const { sleeps, wakes } = history;
  return {
    ...{ plan, startedAt: startedAt.toISOString(), tookMs: Date.now() - startedAt.getTime() },
    ...{ connects, answers, errnos, cuts, hangs, doubleLives },
    ...{ asked, sleeps, suspends, wakes, slowestMs, slowCount, slow },
    clients: tally.clients,
    kills: kills.counts(),
    killed: kills.list(),
    events: history.events,
    failures: history.failures(),
    leaks: leftovers,
    violationCount: tally.violationCount,
    violations,
    home: leftovers.length + tally.violationCount > 0 ? world.directory : null,
    interrupted: interrupted.aborted,
  };
}

interface Parts {
  readonly world: SoakWorld;
  readonly hosts: ReturnType<typeof declareHosts>;
  readonly kills: Kills;
  readonly tally: Tally;
  readonly history: History;
  readonly interrupted: AbortSignal;
  readonly say: (line: string) => void;
}

async function run(plan: Plan, parts: Parts): Promise<void> {
  const { world, hosts, kills, tally, history, interrupted, say } = parts;
  const lives = new Lives((what) => tally.doubleLife(what));
  const addresses = await world.deploy(hosts);
  const over = new AbortController();
  const following = history.follow(over.signal);
  // Not AbortSignal.any: Node 20 lets go of the signals that it joins.
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), plan.minutes * 60_000);
  interrupted.addEventListener("abort", () => enough.abort());
  if (interrupted.aborted) enough.abort();
  const beganMs = Date.now();
  const progress = setInterval(() => {
    tally.judgeSettled(Date.now());
    say(tally.line(Date.now() - beganMs));
  }, progressMs);
  const traffic = await Traffic.start({
    ...{ directory: world.directory, environment: world.environment, hosts, addresses, im },
    ...{ clients: plan.clients, seed: plan.seed },
    onConnect: (connect) => {
      tally.take(connect);
      if (connect.outcome === "answer") lives.answered(connect);
    },
    onLost: (what) => tally.violate(what),
  });
  const sleeper = suspendNowAndThen(
    {
      ...{ hosts, random: new SeededRandom(plan.seed + 1) },
      suspend: (host) => world.client.suspend("soak", host),
      onAsleep: () => {
        tally.suspends += 1;
      },
      onWrong: (what) => tally.violate(what),
    },
    enough.signal,
  );
  try {
    await killNowAndThen(
      {
        ...{ paths: world.paths, kinds: plan.kill, random: new SeededRandom(plan.seed), kills },
        ...{ together: plan.together, hosts: hosts.length },
        stop: (host) => world.client.stop("soak", host).catch(() => undefined),
        onLook: (processes) => lives.seen(processes),
      },
      enough.signal,
    );
    await sleeper;
    if (!interrupted.aborted) {
      for (const name of await findLost(hosts, addresses)) {
        tally.violate(`${name} does not answer any more`);
      }
      await traffic.finish();
    }
  } finally {
    traffic.kill();
    clearInterval(progress);
    clearTimeout(timer);
    await pause(lastEventsMs);
    over.abort();
    await following;
    tally.judgeSettled(Number.POSITIVE_INFINITY);
    say(tally.line(Date.now() - beganMs));
  }
}
