/** Few descriptors: what does not fit is refused with a reason, and nothing is lost. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDaemon } from "../process/daemon-process.js";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

function manifest(world: World, deployment: string, count: number): Promise<string> {
  const hosts = { crowd: { ...guest, count } };
  return world.write(`${deployment}.yaml`, JSON.stringify({ deployment, hosts }));
}

/** `im`, and the daemon that it starts, with so many descriptors at most. */
function limited(world: World, descriptors: number, ...parameters: readonly string[]) {
  const script = `ulimit -n ${descriptors}; exec "$@"`;
  const command = [process.execPath, ...world.command(...parameters)];
  return world.start("sh", "-c", script, "sh", ...command).finish();
}

async function dial(world: World, host: string, deployment: string): Promise<string> {
  const command = world.command("run", "--deployment", deployment, "--", built("dial"));
  const client = world.start(process.execPath, ...command);
  client.write(`${host} 7000`);
  return (await client.finish()).stdout.trim();
}

needing()(
  "a manifest with more ports than descriptors is refused, and leaves nothing",
  async (t) => {
    const world = await World.of(t);
    const file = await manifest(world, "crowd", 500);
    const refused = await limited(world, 1100, "deploy", file);
    t.is(refused.code, 1);
    t.regex(refused.stderr, /^error\[IM_MANIFEST_INVALID\]: .*too many ports/m);
    t.regex(refused.stderr, /^ {2}fix: .*ulimit -n/m);
    t.deepEqual(world.processes(), []);
    const deployed = await world.im("deploy", file);
    t.is(deployed.code, 0, deployed.stderr);
  },
);

needing()("a deploy that runs out of descriptors takes back what it had begun", async (t) => {
  const world = await World.of(t);
  const descriptors = 1300;
  const each = 250;
  const first = await limited(world, descriptors, "deploy", await manifest(world, "first", each));
  t.is(first.code, 0, first.stderr);
  t.is(await dial(world, "crowd-7", "first"), "life 1");
  // Each fits alone, all do not.
  let failed = first;
  let number = 0;
  for (; number < 6 && failed.code === 0; number += 1) {
    const file = await manifest(world, `next-${number}`, each);
    failed = await limited(world, descriptors, "deploy", file);
  }
  t.regex(failed.stderr, /^error\[IM_MACHINE_LIMIT\]: .*descriptor/m);
  t.false((await deployed(world)).includes(`next-${number - 1}`));
  t.is(await dial(world, "crowd-8", "first"), "life 1");
  t.is((await world.im("down", "--deployment", "next-0")).code, 0);
  const again = await world.im("deploy", await manifest(world, "again", each));
  t.is(again.code, 0, again.stderr);
  t.is(await dial(world, "crowd-9", "again"), "life 1");
});

needing()("2,000 clients at once need no descriptors of a daemon that has fewer", async (t) => {
  const world = await World.of(t);
  const file = await world.write(
    "shop.yaml",
    JSON.stringify({ deployment: "shop", hosts: { guest } }),
  );
  t.is((await limited(world, 1100, "deploy", file)).code, 0);
  const address = await world.address("guest");
  const { stdout } = await world.start(built("herd"), address, "7000", "2000", "x").finish();
  t.is(stdout, "answered 2000 failed 0\n");
  t.is((await world.host("guest")).incarnation, 1);
});

needing("prlimit")("while the daemon has no descriptor left, guests serve on", async (t) => {
  const world = await World.of(t);
  await world.deploy({ guest, other: guest });
  t.is(await dial(world, "guest", "shop"), "life 1");
  const address = await world.address("guest");
  const daemon = daemonOf(world);
  limitOf(daemon, readdirSync(`/proc/${daemon}/fd`).length + 4);
  const script = "echo in; read over";
  const programs = Array.from({ length: 8 }, () => world.startClient("sh", "-c", script));
  const refused = /error\[IM_(?:CLIENTS_MAX|DAEMON_UNREACHABLE)\]/;
  const first = programs.map((program) => program.line().catch((error) => String(error)));
  for (const line of await Promise.all(first)) {
    if (line !== "in") t.regex(line, refused);
  }
  const { stdout } = await world.start(built("herd"), address, "7000", "100", "x").finish();
  t.is(stdout, "answered 100 failed 0\n");
  t.true(existsSync(`/proc/${daemon}`), readFileSync(join(world.home, "daemon.log"), "utf8"));
  limitOf(daemon, 4096);
  await Promise.all(programs.map((program) => program.finish()));
  t.is(await dial(world, "other", "shop"), "life 1");
  t.is((await world.host("guest")).incarnation, 1);
});

async function deployed(world: World): Promise<readonly string[]> {
  const names = ["first", ...Array.from({ length: 6 }, (_, number) => `next-${number}`)];
  const known = names.map((name) =>
    world.client.status(name).then(
      () => [name],
      () => [],
    ),
  );
  return (await Promise.all(known)).flat();
}

function daemonOf(world: World): number {
  const found = world.processes().find(({ command }) => isDaemon(command));
  if (found === undefined) throw new Error("no daemon runs");
  return found.pid;
}

function limitOf(pid: number, descriptors: number): void {
  const parameters = ["--pid", String(pid), `--nofile=${descriptors}:`];
  const { status } = spawnSync("prlimit", parameters);
  if (status !== 0) throw new Error(`prlimit ${parameters.join(" ")} failed`);
}
