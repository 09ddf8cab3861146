/** What programs do to themselves before they serve: users, roots, descriptors, environments. */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { onlyIf } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { ifInstalled, missing } from "./installed.js";

const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
const program = fileURLToPath(
  new URL("../../../test/fixtures/programs/habits.py", import.meta.url),
);
const isRoot = process.getuid?.() === 0;
const port = 7100;
const redis = ["redis-server", "--save", "", "--protected-mode", "no", "--port", String(port)];
/** On every machine, and nothing that the guest is linked with. */
const library = "libm.so.6";
const peer = { command: [built("guest"), "7000"], listen: [7000] };

let world: World;
test.before(async (t) => {
  t.timeout(60_000);
  world = await World.open();
  chmodSync(world.directory, 0o755);
});
test.after.always(async (t) => {
  t.timeout(60_000);
  await world.close();
});

/** Deploys a host beside those that are there, asks it twice and stops it, twice over. */
async function livesTwice(
  command: readonly string[],
  asks: string,
  look: (pids: readonly number[]) => void = () => undefined,
): Promise<readonly string[]> {
  await world.deploy({ peer, guest: { command, listen: [port] } });
  const client = world.startClient(built("dial"));
  const lines: string[] = [];
  for (const _life of [1, 2]) {
    for (const _time of [1, 2]) {
      client.write(`guest ${port} ${asks}`);
      lines.push(await client.line());
    }
    const { pids } = await world.host("guest");
    look(pids);
    await world.stop("guest");
    // Whatever left the session, the group or its parent.
    const alive = pids.filter((pid) => existsSync(`/proc/${pid}`));
    if (alive.length > 0) throw new Error(`${alive} outlived the host`);
  }
  await client.finish();
  return lines;
}

for (const [title, habit] of [
  ["closes all descriptors", "close-everything"],
  ["forks twice and leaves the session", "double-fork"],
  ["empties its environment before it executes another", "forget-environment"],
  ["starts another with vfork, no environment and no descriptors", "vfork"],
  ["starts another with posix_spawn, no environment and no descriptors", "posix-spawn"],
  ["forks while its threads connect", "fork-among-threads"],
  ["starts others that close its listener", "children-while-serving"],
  ["changes its root directory", "chroot"],
  ["changes its user", "change-user"],
] as const) {
  const needsRoot = (habit === "chroot" || habit === "change-user") && !isRoot;
  const absent = [...(needsRoot ? ["root"] : []), ...missing([python])];
  const declare = onlyIf(absent.length === 0, absent.join(", "));
  declare(`a program that ${title} is reached and reaches others`, async (t) => {
    const lines = await livesTwice([python, program, habit, String(port)], "");
    t.regex(lines[0] ?? "", new RegExp(`^${habit}: life \\d+$`));
    t.is(lines.length, 4);
    t.is(new Set(lines).size, 1);
  });
}

const pong = ["+PONG", "+PONG", "+PONG", "+PONG"];

ifInstalled(["redis-server"])("a server that becomes a daemon by itself is reached", async (t) => {
  t.deepEqual(await livesTwice([...redis, "--daemonize", "yes"], "PING"), pong);
});

ifInstalled(["redis-server", "setsid"])(
  "a server that is put into a new session is reached",
  async (t) => {
    t.deepEqual(await livesTwice(["setsid", "--fork", ...redis], "PING"), pong);
  },
);

ifInstalled(["redis-server", "env"])("a server that `env -i` starts is reached", async (t) => {
  t.deepEqual(await livesTwice(["env", "-i", ...redis], "PING"), pong);
});

ifInstalled(["env"])("a server keeps the library that it preloads of its own", async (t) => {
  const preloading = ["env", `LD_PRELOAD=${library}`, built("guest"), String(port)];
  const lines = await livesTwice(preloading, "", ([pid]) => {
    const mapped = readFileSync(`/proc/${pid}/maps`, "latin1");
    t.true(mapped.includes(`/${library}\n`));
    t.true(mapped.includes("/libim-shim.so\n"));
  });
  t.deepEqual(
    lines.map((line) => line.replace(/\d+$/, "n")),
    Array(4).fill("life n"),
  );
});
