/** Time that wakes a host: the manifest's, the guest's own; and what it does to no other. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import test from "ava";
import { needing } from "../process/requirements.js";
import { built, fixture, World } from "../process/world.js";
import { LineClient } from "./line-client.js";
import { asleep, becomes, sleeps } from "./watching.js";

const port = 7000;
const everyMs = 1500;
const idle = { after: "100ms", terminateAfter: "never", inFlightMax: "1s" };
const ticker = (timers: string) => ({
  command: [process.execPath, fixture("ticker.mjs"), String(port), String(everyMs)],
  listen: [port],
  idle: { ...idle, timers },
});
const echo = [process.execPath, fixture("datagrams.mjs"), "echo", String(port)];
let world: World;

test.before("a world with a host for each timer", async () => {
  world = await World.open();
  await world.deploy({
    honored: ticker("honor"),
    ignored: ticker("ignore"),
    nightly: { command: [built("guest"), "7000"], listen: [port], idle, wake: { every: "1s" } },
    datagrams: { command: echo, listen: ["7000/udp"], idle },
  });
});

test.after.always("nothing is left", () => world.close());

async function ticksOf(host: string): Promise<number> {
  const { stdout } = await world.im("logs", host);
  return [...stdout.matchAll(/tick \d+$/gm)].length;
}

needing()("a host whose timers are honoured wakes for each of its own", async (t) => {
  await world.im("wake", "honored");
  for (const times of [1, 2, 3]) await asleep(world, "honored", times);
  const woken = await becomes(world, "honored", "running", 3);
  t.like(woken, { signal: "timer", by: "honored", incarnation: 1 });
  // Of each sleep but the last one a timer was the end.
  t.true((await ticksOf("honored")) >= 2);
});

needing()("a host whose timers are ignored sleeps over them until it is needed", async (t) => {
  const client = await LineClient.open(await world.address("ignored"), port);
  t.teardown(() => client.reset());
  const before = Number(await client.ask("?"));
  await asleep(world, "ignored");
  // Three of its periods, as another one measures them.
  const slept = await sleeps(world, "honored");
  await asleep(world, "honored", slept + 3);
  t.is(await sleeps(world, "ignored"), 1);
  // One before it fell asleep, one that was due when it woke.
  t.true(Number(await client.ask("?")) <= before + 2);
  await asleep(world, "ignored", 2);
});

needing()("a host that is woken each so often sleeps in between", async (t) => {
  // The first of all wakes it out of nothing.
  const boot = await becomes(world, "nightly", "running");
  t.like(boot, { signal: "timer", incarnation: 1 });
  await asleep(world, "nightly", 2);
  const again = await becomes(world, "nightly", "running", 3);
  t.like(again, { signal: "timer", incarnation: 1 });
});

needing()("a datagram wakes a host that serves datagrams", async (t) => {
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  const address = await world.address("datagrams");
  const ask = async (text: string): Promise<string> => {
    const answer = once(socket, "message");
    socket.send(text, port, address);
    return String((await answer)[0]);
  };
  t.is(await ask("first"), "node: first");
  for (const times of [1, 2]) {
    await asleep(world, "datagrams", times);
    t.is(await ask(`after ${times}`), `node: after ${times}`);
  }
  t.like(await becomes(world, "datagrams", "running", 2), { signal: "datagram", incarnation: 1 });
  await asleep(world, "datagrams", 3);
  // Answered before anybody could ask who has that port: it is read before the guest runs.
  const client = [process.execPath, fixture("datagrams.mjs"), "ask", "datagrams", String(port)];
  await world.startClient(...client, "named").finish();
  t.like(await becomes(world, "datagrams", "running", 4), { signal: "datagram", by: "node" });
});
