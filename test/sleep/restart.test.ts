/** What sleeps while the daemon, or something of its own, is killed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { LineClient } from "./line-client.js";
import { asleep, becomes } from "./watching.js";

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

for (const victim of ["guest", "init", "runtime"] as const) {
  needing()(`a host whose ${victim} is killed in its sleep is imaginary at once`, async (t) => {
    const client = await slept(t, victim);
    const [guest = 0] = (await world.host(victim)).pids;
    const init = parentOf(guest);
    const pids = { guest, init, runtime: parentOf(init) };
    process.kill(pids[victim], "SIGKILL");
    await becomes(world, victim, "imaginary");
    await client.closed;
    t.deepEqual((await world.host(victim)).pids, []);
    const next = await LineClient.open(await world.address(victim), port);
    t.teardown(() => next.reset());
    t.is(await next.line(), "life 2");
  });
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]);
}

function killDaemon(): void {
  const [daemon = ""] = readFileSync(join(world.home, "daemon.pid"), "utf8").split("\n");
  process.kill(Number(daemon), "SIGKILL");
}

/** The command line waits for a daemon that is being started again; resolves with the status. */
async function ready(): Promise<string> {
  return (await world.im("status", "--json")).stdout;
}
