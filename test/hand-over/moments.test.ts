/** What happens to a host while its environment passes from one invocation to the next. */
import { setTimeout as delay } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

/** Nothing that could be awaited tells of an invocation: it is not to be noticed. */
async function invoked(world: World, host: string, count: number): Promise<void> {
  while (world.invocations(host) < count) await delay(5);
}

async function hurried(t: ExecutionContext): Promise<World> {
  const world = await World.of(t);
  world.environment["IM_TEST_TIMEOUT_SECONDS"] = "1";
  return world;
}

needing()("a boot goes on across its deadlines", async (t) => {
  const world = await hurried(t);
  const gate = world.gate("gate");
  await world.deploy({ guest: { command: [built("guest"), "7000", gate], listen: [7000] } });
  const client = world.startClient(built("dial"));
  client.write("guest 7000");
  await invoked(world, "guest", 3);
  t.is((await world.host("guest")).state, "allocating");
  world.openGate("gate");
  t.is(await client.line(), "life 1");
  await client.finish();
});

needing()("a host is stopped at any moment of a hand-over", async (t) => {
  const world = await hurried(t);
  await world.deploy({ guest: { command: [built("guest"), "7000"], listen: [7000] } });
  const client = world.start(built("dial"));
  const address = await world.address("guest");
  for (const life of [1, 2, 3, 4]) {
    const before = world.invocations("guest");
    client.write(`${address} 7000`);
    t.is(await client.line(), `life ${life}`);
    await invoked(world, "guest", before + 2);
    // The next is about to come: each life is asked to end a little later in it.
    await delay(325 + 4 * life);
    await world.stop("guest");
    t.like(await world.host("guest"), { state: "imaginary", incarnation: life });
  }
  await client.finish();
});

needing()("a guest that exits around a hand-over is followed by the next life", async (t) => {
  const world = await hurried(t);
  const end = world.gate("end");
  const command = `${built("guest")} 7000 & head -c 1 ${end}; kill $!; wait $!`;
  await world.deploy({ guest: { command: ["/bin/sh", "-c", command], listen: [7000] } });
  const client = world.start(built("dial"));
  const address = await world.address("guest");
  for (const life of [1, 2, 3]) {
    const before = world.invocations("guest");
    client.write(`${address} 7000`);
    t.is(await client.line(), `life ${life}`);
    await invoked(world, "guest", before + 2);
    await delay(325 + 4 * life);
    world.openGate("end");
    await world.happens(({ to, incarnation }) => to === "imaginary" && incarnation === life);
  }
  await client.finish();
});
