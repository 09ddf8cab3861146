/** What sleeps while the daemon, or something of its own, is killed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { LineClient } from "./line-client.js";
import { asleep } from "./watching.js";

const port = 7000;
const host = {
  command: [built("guest"), String(port)],
  listen: [port],
  idle: { after: "100ms", terminateAfter: "never" },
};
let world: World;

test.before("a world with hosts that sleep", async () => {
  world = await World.open();
  await world.deploy({
    old: host,
    new: host,
    between: host,
    guest: host,
    init: host,
    runtime: host,
  });
});

test.after.always("nothing is left", () => world.close());

async function slept(t: ExecutionContext, name: string): Promise<LineClient> {
  const client = await LineClient.open(await world.address(name), port);
  t.teardown(() => client.reset());
  t.is(await client.line(), "life 1");
  await asleep(world, name);
  return client;
}

needing()("hosts that sleep while the daemon is killed live on with the next one", async (t) => {
  const [old, other] = [await slept(t, "old"), await slept(t, "new")];
  killDaemon();
  await ready();
  t.is(await old.ask("hello"), "hello");
  const third = await LineClient.open(await world.address("new"), port);
  t.teardown(() => third.reset());
  t.is(await third.line(), "life 1");
  t.is(await other.ask("hello"), "hello");
  for (const name of ["old", "new"]) await asleep(world, name, 2);
});

needing()("what comes between two daemons wakes a host that sleeps", async (t) => {
  const client = await slept(t, "between");
  killDaemon();
  t.is(await client.ask("hello"), "hello");
  await ready();
});

needing()("a host whose guest is killed in its sleep is booted by the next connect", async (t) => {
  const client = await slept(t, "guest");
  const [guest = 0] = (await world.host("guest")).pids;
  process.kill(guest, "SIGKILL");
  const next = await LineClient.open(await world.address("guest"), port);
  t.teardown(() => next.reset());
  t.is(await next.line(), "life 2");
  await client.closed;
});

function killDaemon(): void {
  const [daemon = ""] = readFileSync(join(world.home, "daemon.pid"), "utf8").split("\n");
  process.kill(Number(daemon), "SIGKILL");
}

/** The command line waits for a daemon that is being started again; resolves with the status. */
async function ready(): Promise<string> {
  return (await world.im("status", "--json")).stdout;
}
