/** Ctrl-C anywhere: nothing is left, and the same command once more does what it should. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };
/** How many are spread over the time that the command takes. */
const moments = 3;

/** As a terminal does it: the whole foreground group gets the signal. */
async function interrupt(
  world: World,
  afterMs: number,
  ...parameters: readonly string[]
): Promise<void> {
  const child = spawn(process.execPath, [...world.command(...parameters)], {
    env: world.environment,
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  const ended = once(child, "exit");
  await Promise.race([pause(afterMs), ended]);
  signalGroup(child);
  await ended;
}

function signalGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(-pid, "SIGINT");
}

/** Calls back with moments from the beginning of a command to beyond its end, shuffled. */
async function atMoments(
  world: World,
  parameters: readonly string[],
  around: (attempt: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const beganMs = performance.now();
  await around(async () => {
    const ended = await world.im(...parameters);
    if (ended.code !== 0) throw new Error(`im ${parameters.join(" ")}: ${ended.stderr}`);
  });
  const wholeMs = performance.now() - beganMs;
  for (let moment = 0; moment < moments; moment += 1) {
    const afterMs = ((moment + Math.random()) / moments) * wholeMs * 1.1;
    await around(() => interrupt(world, afterMs, ...parameters));
  }
}

async function prepare(t: ExecutionContext): Promise<{ world: World; manifest: string }> {
  t.timeout(180_000);
  const world = await World.of(t);
  const hosts = { guest };
  const manifest = await world.write("shop.yaml", JSON.stringify({ deployment: "shop", hosts }));
  return { world, manifest };
}

async function answersOnce(t: ExecutionContext, world: World): Promise<void> {
  const client = world.startClient(built("dial"));
  client.write("guest 7000");
  const { stdout, stderr } = await client.finish();
  t.regex(stdout, /^life \d+\n$/, stderr);
}

needing()("im deploy that is interrupted can be repeated", async (t) => {
  const { world, manifest } = await prepare(t);
  await atMoments(world, ["deploy", manifest], async (attempt) => {
    await attempt();
    const again = await world.im("deploy", manifest);
    t.is(again.code, 0, again.stderr);
    await answersOnce(t, world);
    const down = await world.im("down");
    t.is(down.code, 0, down.stderr);
    t.deepEqual(world.processes(), []);
  });
});

needing()("im down that is interrupted can be repeated", async (t) => {
  const { world, manifest } = await prepare(t);
  await atMoments(world, ["down", "--all"], async (attempt) => {
    t.is((await world.im("deploy", manifest)).code, 0);
    await answersOnce(t, world);
    await attempt();
    const again = await world.im("down", "--all");
    t.is(again.code, 0, again.stderr);
    t.deepEqual(world.processes(), []);
  });
});

needing()("im wake that is interrupted can be repeated", async (t) => {
  const { world, manifest } = await prepare(t);
  t.is((await world.im("deploy", manifest)).code, 0);
  await atMoments(world, ["wake", "guest"], async (attempt) => {
    await attempt();
    const again = await world.im("wake", "guest");
    t.is(again.code, 0, again.stderr);
    await world.stop("guest");
  });
  await answersOnce(t, world);
});

needing()("im run that is interrupted takes its program along, and can be repeated", async (t) => {
  const { world, manifest } = await prepare(t);
  t.is((await world.im("deploy", manifest)).code, 0);
  const program = ["run", "--", "sh", "-c", `echo guest 7000 | ${built("dial")}`];
  await atMoments(world, program, async (attempt) => {
    await attempt();
    t.false(world.processes().some(({ command }) => command.includes("fixtures/process/dial")));
    await answersOnce(t, world);
    await world.stop("guest");
  });
});

needing()("im logs -f ends when it is interrupted, and disturbs nobody", async (t) => {
  const { world, manifest } = await prepare(t);
  t.is((await world.im("deploy", manifest)).code, 0);
  await answersOnce(t, world);
  for (let moment = 0; moment < moments; moment += 1) {
    await interrupt(world, Math.random() * 600, "logs", "-f", "guest");
    t.false(world.processes().some(({ command }) => command.includes(" logs -f ")));
  }
  await answersOnce(t, world);
  t.is((await world.host("guest")).incarnation, 1);
});

needing()("im down at any moment of a boot ends it", async (t) => {
  const { world, manifest } = await prepare(t);
  for (let moment = 0; moment < moments; moment += 1) {
    t.is((await world.im("deploy", manifest)).code, 0);
    const client = world.start(built("dial"));
    client.write(`${await world.address("guest")} 7000`);
    await pause(((moment + Math.random()) / moments) * 400);
    const down = await world.im("down");
    t.is(down.code, 0, down.stderr);
    const left = world.processes().filter(({ command }) => !command.includes(built("dial")));
    t.deepEqual(left, []);
    t.regex((await client.finish()).stdout, /^(?:life 1|recv: .*|connect: .*)\n$/);
  }
});
