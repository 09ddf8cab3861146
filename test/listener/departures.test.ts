/** Guests that leave the process they were started as: they stay in the deployment. */
import test from "ava";
import { needing, onlyIf } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { call } from "./interpreter.js";

const isRoot = process.getuid?.() === 0;
const always = needing();
const asRoot = onlyIf(isRoot, "root");

const rows = [
  { way: "close-all", title: "closes all its descriptors", declare: always },
  { way: "clear", title: "clears its environment and executes itself", declare: always },
  { way: "chroot", title: "changes its root", declare: asRoot },
  { way: "user", title: "changes its user and executes itself", declare: asRoot },
  { way: "daemon", title: "forks twice, in a session of its own", declare: always },
  { way: "vfork", title: "is executed by a child of vfork", declare: always },
  { way: "dup2", title: "is executed over the control descriptor's number", declare: always },
  { way: "spawn", title: "is spawned over the control descriptor's number", declare: always },
  { way: "threads", title: "forks while its threads connect", declare: always },
] as const;

let world: World;

test.before(async () => {
  world = await World.open();
  const hosts = rows.map(({ way }) => {
    const command = [built("departures"), way, "7000", "peer"];
    return [way, { command, listen: [7000] }] as const;
  });
  const peer = { command: [built("guest"), "7000"], listen: [7000] };
  const preload = `LD_PRELOAD=${built("greeter.so")}`;
  const preloads = { ...peer, command: ["env", preload, ...peer.command] };
  await world.deploy({ ...Object.fromEntries(hosts), peer, preloads });
});

test.after.always(() => world.close());

for (const { way, title, declare } of rows) {
  declare(`a guest that ${title} serves and connects as before`, async (t) => {
    t.is(await call(t, await world.address(way), 7000).answer, `${way} ${way} life 1`);
    await world.stop(way);
  });
}

always("a guest that preloads a library of its own keeps it", async (t) => {
  t.regex(await call(t, await world.address("preloads"), 7000).answer, /^preloaded/);
});
