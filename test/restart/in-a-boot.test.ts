/** A daemon that is killed while a guest boots. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

needing()("a boot that a daemon was killed in goes on, and who waits is answered", async (t) => {
  const world = await World.of(t);
  const gate = world.gate("gate");
  const command = ["sh", "-c", `head -c 1 '${gate}' >head; exec '${built("guest")}' 7000`];
  await world.deploy({ web: { command, listen: [7000] } });
  const client = await waiting(world);
  await restart(t, world);
  t.is((await world.host("web")).state, "allocating");
  world.openGate("gate");
  t.is(await client.line(), "life 1");
  await client.finish();
  t.like(await world.happens(({ to }) => to === "running"), {
    ...{ incarnation: 1, from: "allocating", signal: "connect", by: "outside" },
  });
  const events = await world.client.events("shop");
  t.deepEqual(
    events.map(({ to }) => to),
    ["allocating", "running"],
  );
});

needing()("a guest that never listens is ended in time all the same", async (t) => {
  const command = ["sleep", "1000"];
  const world = await World.of(t, { web: { command, listen: [7000], bootTimeout: "2s" } });
  const client = await waiting(world);
  await restart(t, world);
  t.regex(await client.line(), /^(?:send|recv): ECONNRESET$/);
  await client.finish();
  t.like(await world.host("web"), { state: "failed", error: { code: "IM_BOOT_TIMEOUT" } });
});

/** A client in the queue of a host whose guest has begun. */
async function waiting(world: World) {
  const program = world.start(built("dial"));
  program.write(`${await world.address("web")} 7000 hello`);
  while ((await world.host("web")).pids.length === 0);
  return program;
}

/** `meanwhile`: before there is another daemon. */
async function restart(t: ExecutionContext, world: World, meanwhile: () => void = () => undefined) {
  const [daemon = ""] = readFileSync(join(world.home, "daemon.pid"), "utf8").split("\n");
  process.kill(Number(daemon), "SIGKILL");
  meanwhile();
  t.is((await world.im("status")).code, 0);
}

needing()("a guest that ends while there is no daemon has not failed", async (t) => {
  const world = await World.of(t, { web: { command: [built("guest"), "7000"], listen: [7000] } });
  const client = world.start(built("dial"));
  const address = await world.address("web");
  client.write(`${address} 7000`);
  t.is(await client.line(), "life 1");
  await world.happens(({ to }) => to === "running");
  const [guest = 0] = (await world.host("web")).pids;
  await restart(t, world, () => {
    process.kill(guest, "SIGKILL");
    client.write(`${address} 7000`);
  });
  t.is(await client.line(), "life 2");
  await client.finish();
  const states = (await world.client.events("shop")).map(({ to }) => to);
  t.deepEqual(states.slice(0, 5), [
    "allocating",
    "running",
    "terminating",
    "imaginary",
    "allocating",
  ]);
});
