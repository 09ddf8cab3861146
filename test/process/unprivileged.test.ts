/** No root is needed: run by root, these tests become somebody else. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync } from "node:fs";
import { onlyIf } from "./requirements.js";
import { built, root, World } from "./world.js";

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const drop = isRoot
  ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--"]
  : [];

/** A checkout below root's home, or a Node that only root may run. */
function canRun(): boolean {
  const [program = "", ...parameters] = [...drop, process.execPath, `${root}bin/im.mjs`];
  return spawnSync(program, [...parameters, "--version"], { cwd: "/" }).status === 0;
}

onlyIf(canRun(), isRoot ? "setpriv, and a checkout that others may read" : "a build")(
  "a user without privileges deploys, connects and ends a host",
  async (t) => {
    const world = await World.of(t);
    const as = (...command: readonly string[]) =>
      world.start(...drop, process.execPath, ...command);
    chmodSync(world.directory, 0o755);
    if (isRoot) chownSync(world.directory, nobody, nobody);
    const hosts = { guest: { command: [built("guest"), "7000"], listen: [7000] } };
    const manifest = JSON.stringify({ deployment: "shop", hosts });
    const file = await world.write("shop.yaml", manifest);
    const deployed = await as(...world.command("deploy", file)).finish();
    t.deepEqual([deployed.code, deployed.stderr], [0, ""]);

    const client = as(...world.command("run", "--", built("dial")));
    client.write("guest 7000");
    t.is(await client.line(), "life 1");
    await client.finish();
    const status = JSON.parse((await as(...world.command("status", "--json")).finish()).stdout);
    t.is(status.hosts[0].state, "running");

    const stop = await as(...world.command("stop", "guest")).finish();
    t.deepEqual([stop.code, stop.stdout], [0, "guest: imaginary\n"]);
    const down = await as(...world.command("down")).finish();
    t.is(down.code, 0);
    t.regex(down.stdout, /^shop: ended; logs are in /);
    t.deepEqual(world.processes(), []);
    // What closes the world is root again, and no home of another user is root's to look into.
    if (isRoot) chownSync(world.home, 0, 0);
  },
);
