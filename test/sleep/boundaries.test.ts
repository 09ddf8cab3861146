/** Requests at every step of falling asleep and of waking, on old connections and on new ones. */
import { setTimeout as delay } from "node:timers/promises";
import { needing } from "../process/requirements.js";
import { built, fixture, World } from "../process/world.js";
import { ask } from "./asking.js";
import { LineClient } from "./line-client.js";
import { asleep, becomes, sleeps } from "./watching.js";

const port = 7000;
const clients = 8;
const rounds = 8;
const idle = { after: "100ms", terminateAfter: "never" };

needing()("eight clients around every sleep are all answered by one life", async (t) => {
  const world = await World.of(t, {
    web: { command: [built("guest"), String(port)], listen: [port], idle },
  });
  const address = await world.address("web");
  const kept = await Promise.all(
    Array.from({ length: clients / 2 }, () => LineClient.open(address, port)),
  );
  t.teardown(() => kept.map((client) => client.reset()));
  for (const client of kept) t.is(await client.line(), "life 1");
  const greeted = async (): Promise<string> => {
    const client = await LineClient.open(address, port);
    const greeting = await client.line();
    client.end();
    await client.closed;
    return greeting;
  };
  for (let round = 1; round <= rounds; round += 1) {
    await becomes(world, "web", "suspending", round);
    const answers = Array.from({ length: clients }, async (_, index) => {
      // Of the steps, which take some milliseconds together, everybody meets another.
      await delay(index * round);
      const client = kept[index];
      return client === undefined ? await greeted() : await client.ask(`round ${round}`);
    });
    const expected = (index: number) => (index < kept.length ? `round ${round}` : "life 1");
    t.deepEqual(
      await Promise.all(answers),
      answers.map((_, index) => expected(index)),
    );
  }
  await asleep(world, "web", (await sleeps(world, "web")) + 1);
  t.is((await world.host("web")).incarnation, 1);
});

needing()("a host sleeps, and crosses deadlines awake, and answers everybody", async (t) => {
  const world = await World.of(t);
  world.environment["IM_TEST_TIMEOUT_SECONDS"] = "1";
  const command = (name: string, ...more: readonly string[]) => [
    ...[process.execPath, fixture(name), String(port), ...more],
  ];
  await world.deploy({
    web: { command: command("habits.mjs"), listen: [port], idle },
    ticks: {
      command: command("ticker.mjs", "400"),
      listen: [],
      idle: { ...idle, timers: "honor" },
    },
  });
  const address = await world.address("web");
  await world.im("wake", "ticks");
  for (let round = 1; round <= 3; round += 1) {
    const before = world.invocations("web");
    t.is(await ask(address, port, "/slow?1500"), "life 1\n");
    t.true(world.invocations("web") > before, "a deadline has passed");
    await asleep(world, "web", round);
  }
  await asleep(world, "ticks", 2);
  for (const host of ["web", "ticks"]) t.is((await world.host(host)).incarnation, 1);
});
