/** Disks that are full: the store's, the logs', the name table's. */
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, World } from "../process/world.js";
import { needingDisks, SmallDisk } from "./small-disk.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

async function dial(world: World, host: string, deployment = "shop"): Promise<string> {
  const command = world.command("run", "--deployment", deployment, "--", built("dial"));
  const client = world.start(process.execPath, ...command);
  client.write(`${host} 7000`);
  return (await client.finish()).stdout.trim();
}

/** The back-off after a failure is half a second at first, and doubles. */
async function dialUntilAnswered(world: World, host: string): Promise<string> {
  const untilMs = performance.now() + 40_000;
  let line = "";
  while (performance.now() < untilMs && !line.startsWith("life ")) line = await dial(world, host);
  return line;
}

needingDisks(
  "with the store's disk full, what runs serves on, and the rest boots later",
  async (t) => {
    const world = await World.of(t);
    const disk = SmallDisk.mount(t, join(world.home, "dynamodb"), 512);
    const asleep = { ...guest, bootTimeout: "3s" };
    await world.deploy({ running: guest, asleep, "asleep-too": asleep });
    t.is(await dial(world, "running"), "life 1");
    disk.fill();
    // What the store's last page has room for may still be written.
    const outcome = /^(?:connect: (?:ETIMEDOUT|ECONNREFUSED)|life 1)$/;
    t.regex(await dial(world, "asleep"), outcome);
    t.regex(await dial(world, "asleep-too"), outcome);
    t.is(await dial(world, "running"), "life 1");
    t.is((await world.host("running")).state, "running");
    disk.free();
    t.regex(await dialUntilAnswered(world, "asleep"), /^life \d+$/);
    t.regex(await dialUntilAnswered(world, "asleep-too"), /^life \d+$/);
    t.is((await world.host("running")).incarnation, 1);
    t.is((await world.im("down")).code, 0);
  },
);

needingDisks("with the logs' disk full, a guest that writes is not held up", async (t) => {
  const world = await World.of(t);
  // Far more than the disk, and every pipe on the way, can hold.
  const noise = '(test "$IM_INCARNATION" = 1 && yes noise | head -n 300000) &';
  const command = `${noise} exec ${built("guest")} 7000`;
  await world.deploy({ loud: { ...guest, command, shell: true } });
  const disk = SmallDisk.mount(t, join(world.home, "deployments/shop/logs"), 64);
  disk.fill();
  t.is(await dial(world, "loud"), "life 1");
  t.is(await dial(world, "loud"), "life 1");
  t.is((await world.host("loud")).state, "running");
  await world.stop("loud");
  disk.free();
  t.is(await dial(world, "loud"), "life 2");
  const follow = world.start(process.execPath, ...world.command("logs", "loud", "-f"));
  let line = await follow.line();
  while (!/ 2 out listening$/.test(line)) line = await follow.line();
  t.pass();
  await follow.kill("SIGINT");
  t.is((await world.im("down")).code, 0);
});

needingDisks(
  "with the runtime directory full, names are found, and a deploy says why",
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "im-run-"));
    t.teardown(() => rmdirSync(directory));
    const disk = SmallDisk.mount(t, directory, 1024);
    const world = await openWithRuntimeIn(directory);
    t.teardown(() => world.close());
    await world.deploy({ first: guest, second: guest });
    t.is(await dial(world, "first"), "life 1");
    disk.fill();
    t.is(await dial(world, "first"), "life 1");
    t.is(await dial(world, "second"), "life 1");
    const hosts = { more: { ...guest, count: 500 } };
    const file = await world.write("more.yaml", JSON.stringify({ deployment: "more", hosts }));
    const failed = await world.im("deploy", file);
    t.not(failed.code, 0);
    t.regex(failed.stderr, /^error\[IM_MACHINE_LIMIT\]: .*disk/m);
    t.is(await dial(world, "first"), "life 1");
    disk.free();
    const repeated = await world.im("deploy", file);
    t.is(repeated.code, 0, repeated.stderr);
    t.is(await dial(world, "more-499", "more"), "life 1");
    await world.stop("second");
    t.is(await dial(world, "second"), "life 2");
    t.is((await world.im("down", "--all")).code, 0);
  },
);

needingDisks("with the runtime directory full, every state can still be read", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-run-"));
  t.teardown(() => rmdirSync(directory));
  const disk = SmallDisk.mount(t, directory, 2048);
  const world = await openWithRuntimeIn(directory);
  t.teardown(() => world.close());
  await world.deploy({ crowd: { ...guest, count: 1500 } });
  t.is(await dial(world, "crowd-0"), "life 1");
  disk.fill();
  // Its state stands in another page of the table, which nobody has written to since the deploy.
  const command = ["run", "--", "sh", "-c", `echo crowd-1499 7000 | ${built("dial")}`];
  const { signal, stdout } = await world.im(...command);
  t.is(signal, null);
  t.regex(stdout, /^(?:life 1|connect: (?:ECONNREFUSED|ETIMEDOUT))\n$/);
  disk.free();
  t.is(await dialUntilAnswered(world, "crowd-1498"), "life 1");
  t.is((await world.im("down")).code, 0);
});

/** XDG_RUNTIME_DIR is read when a world is opened. */
async function openWithRuntimeIn(directory: string): Promise<World> {
  const before = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = directory;
  try {
    return await World.open();
  } finally {
    if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = before;
  }
}
