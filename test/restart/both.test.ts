/** Keeper and daemon killed at once: the sockets that they held are gone, and what then happens. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { blockBase, blockSize, parseAddress } from "../../platform/network/layout.js";
import { loadAddon } from "../../shim/index.js";
import type { Program } from "../process/program.js";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

needing()("a deployment that lost keeper and daemon converges with the next command", async (t) => {
  const world = await World.of(t, { serving: guest, resting: guest });
  const client = world.start(built("dial"));
  t.is(await ask(world, client, "serving"), "life 1");
  killBoth(world);
  await converges(t, world, client);
});

needing()("one whose addresses are somebody else's by then gets others", async (t) => {
  const world = await World.of(t, { serving: guest, resting: guest });
  const client = world.start(built("dial"));
  t.is(await ask(world, client, "serving"), "life 1");
  const before = await world.address("serving");
  const block = (parseAddress(before) - blockBase(0)) / blockSize;
  killBoth(world);
  const addon = loadAddon();
  let lock: number | null = null;
  while (lock === null) {
    // Of processes that were killed the kernel takes it when it comes to it.
    await new Promise(setImmediate);
    lock = addon.bindAbstract(`im-block-${Math.floor(block)}`);
  }
  await converges(t, world, client);
  t.not(await world.address("serving"), before);
  addon.close(lock);
});

async function ask(world: World, client: Program, host: string): Promise<string> {
  client.write(`${await world.address(host)} 7000`);
  return client.line();
}

function killBoth(world: World): void {
  for (const file of ["keeper.pid", "daemon.pid"]) {
    const [pid = ""] = readFileSync(join(world.home, file), "utf8").split("\n");
    process.kill(Number(pid), "SIGKILL");
  }
}

async function converges(t: ExecutionContext, world: World, client: Program): Promise<void> {
  t.like(await world.im("status"), { code: 0 });
  // Its guest serves on with a socket that is nobody's: it gives way to a life that has one.
  await world.happens(({ host, to }) => host === "serving" && to === "imaginary");
  t.is(await ask(world, client, "serving"), "life 2");
  t.is(await ask(world, client, "resting"), "life 1");
  const shimmed = world.startClient(built("dial"));
  shimmed.write("serving 7000");
  t.is(await shimmed.line(), "life 2");
  for (const program of [client, shimmed]) await program.finish();
}
