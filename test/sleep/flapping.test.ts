/** Traffic a little slower than the time-out: a host that slept between all of it would thrash. */
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { built, World } from "../process/world.js";
import { LineClient } from "./line-client.js";
import { asleep, keptBy, sleeps } from "./watching.js";

const afterMs = 200;
const requests = 25;

test("steady light traffic soon finds the host awake, and silence asleep", async (t) => {
  const world = await World.of(t, {
    guest: {
      command: [built("guest"), "7000"],
      listen: [7000],
      idle: { after: `${afterMs}ms`, terminateAfter: "never" },
    },
  });
  const address = await world.address("guest");
  for (let request = 0; request < requests; request += 1) {
    const client = await LineClient.open(address, 7000);
    t.is(await client.line(), "life 1");
    client.reset();
    await delay(afterMs * 1.1);
  }
  const slept = await sleeps(world, "guest");
  t.true(slept <= requests / 2, `${slept} sleeps between ${requests} requests`);
  await asleep(world, "guest", slept + 1);
});

test.serial("connections that come and go between two looks keep a host awake", async (t) => {
  const world = await World.of(t, {
    guest: { command: [built("guest"), "7000"], listen: [7000], idle: { after: "1s" } },
  });
  const address = await world.address("guest");
  let lastMs = performance.now();
  let longestMs = 0;
  for (let visits = 0; visits < 20; visits += 1) {
    const client = await LineClient.open(address, 7000);
    await client.line();
    client.end();
    await client.closed;
    await delay(120);
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }
  const slept = await sleeps(world, "guest");
  // On a machine that stood still for that long, silence it was.
  t.true(slept === 0 || longestMs >= 1000, `${slept} sleeps, ${longestMs} ms`);
  await asleep(world, "guest");
});

test("a host that is kept awake by its minimum says so", async (t) => {
  const world = await World.of(t, {
    guest: { command: [built("guest"), "7000"], listen: [7000], idle: { after: "150ms" } },
  });
  const address = await world.address("guest");
  const visit = async () => {
    const client = await LineClient.open(address, 7000);
    await client.line();
    client.reset();
  };
  await visit();
  await asleep(world, "guest");
  // At once: no sleep is so short that it was worth it.
  await visit();
  await keptBy(world, "guest", "minimum");
  t.pass();
});
