/**
 * Whoever is killed at any step of a boot, under 50 clients: each of them is answered or gets a
 * documented errno, nothing runs twice, incarnations only grow, and the host serves afterwards.
 * `IM_STEPS=all` tries every victim at every step.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const steps = [
  ...["claim.before", "claim.after", "invoke.before", "invoke.after", "environment.accepted"],
  ...["register.before", "register.after", "gate.opened", "connects.admitted"],
];

/** In two parts: one that dies again and again is started again later and later. */
const [daemonFirst, daemonLast] = [steps.slice(0, 5), steps.slice(5)];

interface Row {
  readonly victim: string;
  readonly steps: readonly string[];
  /** What of the steps is tried in each run of all tests. */
  readonly always: readonly string[];
  /** Its end ends no life: everybody is answered, by the first. */
  readonly lossless: boolean;
}

const rows: readonly Row[] = [
  { victim: "daemon", steps: daemonFirst, always: daemonFirst, lossless: true },
  {
    ...{ victim: "store", steps, lossless: true },
    always: ["claim.before", "claim.after", "register.before", "gate.opened"],
  },
  {
    ...{ victim: "keeper", steps, lossless: true },
    always: ["claim.after", "register.before", "connects.admitted"],
  },
  {
    ...{ victim: "runtime", steps, lossless: false },
    always: ["claim.before", "environment.accepted", "gate.opened", "connects.admitted"],
  },
  {
    ...{ victim: "init", steps, lossless: false },
    always: ["invoke.before", "environment.accepted", "gate.opened", "connects.admitted"],
  },
  // There is none for certain before it has said that it listens.
  {
    ...{ victim: "guest", steps: ["connects.admitted"], lossless: false },
    always: ["connects.admitted"],
  },
  { victim: "daemon", steps: daemonLast, always: daemonLast, lossless: true },
];

/** How a plain client sees a life that ended, or a boot that failed. */
const documented = /^(?:connect|send|recv): (?:ECONNRESET|EPIPE|end)$/;
const clients = 50;
const attemptsMax = 5;
let world: World;
let order: string;

const tried = rows.flatMap(({ victim, steps: all, always, lossless }) =>
  (process.env["IM_STEPS"] === "all" ? all : always).map((step) => ({
    ...{ victim, step, lossless },
    host: `${victim}-${step.replace(".", "-")}`,
  })),
);

test.before("a world with a host for each row", async () => {
  world = await World.open();
  order = join(world.directory, "kill");
  world.environment["IM_TEST_KILL"] = order;
  const guest = { command: [built("guest"), "7000"], listen: [7000] };
  await world.deploy(Object.fromEntries(tried.map(({ host }) => [host, guest])));
});

test.after.always("nothing is left", () => world.close());

for (const { victim, step, lossless, host } of tried) {
  needing()(
    `a ${victim} killed at ${step} ${lossless ? "loses nobody" : "hangs nobody"}`,
    async (t) => {
      const address = await world.address(host);
      t.teardown(() => world.im("stop", host));
      const lives = await killed(t, host, address, { victim, step, lossless });
      const { state, incarnation, pids } = await world.host(host);
      t.is(state, "running");
      if (lossless) t.is(incarnation, lives);
      assertSingle(t, host, pids);
    },
  );
}

/** Which life it was: where there was no such process at the step, the next one is tried. */
async function killed(
  t: ExecutionContext,
  host: string,
  address: string,
  { victim, step, lossless }: { victim: string; step: string; lossless: boolean },
): Promise<number> {
  for (let life = 1; life <= attemptsMax; life += 1) {
    writeFileSync(order, `${victim}@${step}`);
    const reasons = await herd(t, address, clients);
    if (lossless) t.deepEqual(reasons, []);
    for (const reason of reasons) t.regex(reason, documented);
    // The step may be reached a little after the clients were answered.
    await answersAgain(t, host, address);
    if (!existsSync(order)) return life;
    rmSync(order);
    await world.im("stop", host);
  }
  t.fail("nobody was killed");
  return 0;
}

/** What was killed may take its guests along a little later: whoever is cut off by that repeats. */
async function answersAgain(t: ExecutionContext, host: string, address: string): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    // The command line waits for a daemon that is being started again; back-offs it does not.
    const { code } = await world.im("wake", host);
    if (code === 0 && (await herd(t, address, 1)).length === 0) return;
  }
  t.fail(`${host} does not answer any more`);
}

/** Returns why clients failed. */
async function herd(t: ExecutionContext, address: string, count: number) {
  const { stdout } = await world.start(built("herd"), address, "7000", String(count), "x").finish();
  const reasons = stdout.trimEnd().split("\n");
  const summary = reasons.pop();
  t.is(summary, `answered ${count - reasons.length} failed ${reasons.length}`);
  return reasons;
}

/** One guest runs, and each life was started once, after the one before it. */
function assertSingle(t: ExecutionContext, host: string, pids: readonly number[]): void {
  const guests = world.processes().filter(({ command }) => command.startsWith(built("guest")));
  t.deepEqual(
    guests.map(({ pid }) => pid),
    [...pids],
  );
  const log = readFileSync(join(world.home, `deployments/shop/logs/${host}.log`), "utf8");
  const lives = [...log.matchAll(/^\S+ (\d+) im started /gm)].map(([, life]) => Number(life));
  t.deepEqual(
    lives,
    [...new Set(lives)].sort((a, b) => a - b),
  );
}
