/** redis asleep: who may be connected to it meanwhile, and what wakes it. */
import test, { type ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { freePort, World } from "../process/world.js";
import { LineClient } from "./line-client.js";
import { asleep, becomes } from "./watching.js";

const port = 6379;
const hosts = ["pool", "news", "shim", "plain", "closes", "published", "hand"];
let world: World;
let outside: number;

test.before("a world with a redis for each client", async () => {
  world = await World.open();
  outside = await freePort();
  const redis = {
    command: ["redis-server", "--save", "", "--protected-mode", "no"],
    listen: [port],
    // For so long its ticks are honoured, where nobody can say whether it has answered.
    idle: { after: "100ms", terminateAfter: "never", inFlightMax: "500ms" },
  };
  await world.deploy({
    ...Object.fromEntries(hosts.map((host) => [host, redis])),
    published: { ...redis, publish: [`${outside}:${port}`] },
    // Nobody can say for ever: it would never sleep.
    ticks: { ...redis, idle: { ...redis.idle, inFlightMax: "never" } },
  });
});

test.after.always("nothing is left", () => world.close());

/** A client of it that it has answered, and the host asleep. */
async function slept(t: ExecutionContext, host: string): Promise<LineClient> {
  const client = await LineClient.open(await world.address(host), port);
  t.teardown(() => client.reset());
  t.is(await client.ask("PING"), "+PONG");
  await asleep(world, host);
  return client;
}

needing("redis-server")("redis sleeps beside a pool of connections and its ticks", async (t) => {
  const address = await world.address("pool");
  const pool = await Promise.all(Array.from({ length: 10 }, () => LineClient.open(address, port)));
  t.teardown(() => pool.map((client) => client.reset()));
  for (const client of pool) t.is(await client.ask("PING"), "+PONG");
  await asleep(world, "pool");
  for (const client of pool.reverse()) t.is(await client.ask("PING"), "+PONG");
  await asleep(world, "pool", 2);
  t.like(await world.host("pool"), { incarnation: 1, state: "suspended", connections: 10 });
});

needing("redis-server")("redis that has answered at once sleeps, for all its ticks", async (t) => {
  const client = await LineClient.open(await world.address("ticks"), port);
  t.teardown(() => client.reset());
  for (const times of [1, 2, 3]) {
    // The first answer on a connection cannot be told from a greeting, the second can.
    for (const _ of [1, 2]) t.is(await client.ask("PING"), "+PONG");
    await asleep(world, "ticks", times);
  }
});

needing("redis-server")("a subscriber lets redis sleep, and gets what wakes it", async (t) => {
  const subscriber = await LineClient.open(await world.address("news"), port);
  t.teardown(() => subscriber.reset());
  t.is(await subscriber.ask("SUBSCRIBE news"), "*3");
  for (const line of ["$9", "subscribe", "$4", "news", ":1"]) t.is(await subscriber.line(), line);
  await asleep(world, "news");
  const publisher = await LineClient.open(await world.address("news"), port);
  t.teardown(() => publisher.reset());
  t.is(await publisher.ask("PUBLISH news hello"), ":1");
  for (const line of ["*3", "$7", "message", "$4", "news", "$5", "hello"]) {
    t.is(await subscriber.line(), line);
  }
  await asleep(world, "news", 2);
});

needing("redis-server", "redis-cli")(
  "a client that was silent while redis slept is answered on its old connection",
  async (t) => {
    const client = world.startClient("redis-cli", "-h", "shim");
    client.write("SET kept 5");
    t.is(await client.line(), "OK");
    for (const times of [1, 2]) {
      await asleep(world, "shim", times);
      client.write("PING");
      t.is(await client.line(), "PONG");
      client.write("GET kept");
      t.is(await client.line(), "5");
    }
    await client.finish();
    // It is answered as soon as it is thawed, and runs when that has been written down.
    await becomes(world, "shim", "running", 3);
    const { incarnation, wakes, lastWake } = await world.host("shim");
    t.is(incarnation, 1);
    t.true(wakes >= 3);
    t.like(lastWake, { signal: "data", port });
  },
);

needing("redis-server", "redis-cli")("a new connection wakes redis, of any client", async (t) => {
  const client = await slept(t, "plain");
  t.is(await client.ask("SET kept 5"), "+OK");
  await asleep(world, "plain", 2);
  const shim = await world.startClient("redis-cli", "-h", "plain", "GET", "kept").finish();
  t.is(shim.stdout, "5\n");
  await asleep(world, "plain", 3);
  const address = await world.address("plain");
  const plain = await world.start("redis-cli", "-h", address, "GET", "kept").finish();
  t.is(plain.stdout, "5\n");
  const third = await becomes(world, "plain", "running", 4);
  t.like(third, { signal: "connect", incarnation: 1 });
});

needing("redis-server")("a FIN or a reset on an open connection wakes redis", async (t) => {
  const [ends, resets] = [await slept(t, "closes"), await slept(t, "closes")];
  await asleep(world, "closes", 2);
  ends.end();
  await ends.closed;
  t.like(await becomes(world, "closes", "running", 3), { incarnation: 1 });
  await asleep(world, "closes", 3);
  resets.reset();
  t.like(await becomes(world, "closes", "running", 4), { incarnation: 1 });
  await asleep(world, "closes", 4);
  t.is((await world.host("closes")).connections, 0);
});

needing("redis-server")("a published port wakes redis, as often as it sleeps", async (t) => {
  const kept = await LineClient.open("127.0.0.1", outside);
  t.teardown(() => kept.reset());
  t.is(await kept.ask("SET kept 5"), "+OK");
  await asleep(world, "published");
  t.is(await kept.ask("PING"), "+PONG");
  await asleep(world, "published", 2);
  const other = await LineClient.open("127.0.0.1", outside);
  t.teardown(() => other.reset());
  t.is(await other.ask("EXISTS kept"), ":1");
});

needing("redis-server")("a host is put to sleep and woken by hand", async (t) => {
  const client = await slept(t, "hand");
  t.is((await world.im("wake", "hand")).code, 0);
  t.like(await becomes(world, "hand", "running", 2), { signal: "wake", by: "im", incarnation: 1 });
  t.is((await world.im("suspend", "hand")).code, 0);
  t.is(await client.ask("PING"), "+PONG");
});
