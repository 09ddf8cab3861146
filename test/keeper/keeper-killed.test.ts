import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { readHealth } from "../../platform/daemon/health.js";
import {
  ended,
  gatedProgram,
  heldHome,
  kill,
  nextPid,
  runs,
} from "../fixtures/keeper/held-home.js";
import { readLives } from "../fixtures/keeper/holding.js";

test("a daemon that lost its keeper gets another one, and then nothing is lost", async (t) => {
  const home = heldHome(t, { count: 1000 });
  const { configuration, holding } = home;
  const daemon = await home.daemon();
  const first = home.keeper();
  await kill(first);
  const second = await nextPid(configuration.keeperFile, first);
  await home.secured();
  t.is((await readHealth(configuration.daemonSocket))?.pid, daemon);
  await kill(daemon);
  const next = await home.daemon();
  t.is(home.keeper(), second);
  const recovered = readLives(configuration).map((life) => life.recovered);
  t.deepEqual(recovered, [0, holding.count + 1]);
  await home.down();
  await Promise.all([next, second].map(ended));
});

test("a keeper that is killed while its daemon starts again loses nothing", async (t) => {
  const home = heldHome(t, {}, gatedProgram);
  const gate = join(home.configuration.home, "start-gate");
  execFileSync("mkfifo", [gate]);
  await kill(await home.daemon());
  // Opened as soon as the next daemon waits there: it has not asked for anything yet.
  const opened = await open(gate, "w");
  const first = home.keeper();
  await kill(first);
  await opened.close();
  await nextPid(home.configuration.keeperFile, first);
  await home.daemon();
  await home.secured();
  const recovered = readLives(home.configuration).map((life) => life.recovered);
  t.deepEqual(recovered, [0, home.holding.count + 1]);
});

test("keeper and daemon killed in turn are both started again, each time", async (t) => {
  const home = heldHome(t);
  const { keeperFile } = home.configuration;
  for (let turn = 0; turn < 3; turn++) {
    const daemon = await home.daemon();
    const keeper = home.keeper();
    await kill(keeper);
    await nextPid(keeperFile, keeper);
    await home.secured();
    await kill(daemon);
  }
  await home.daemon();
  const recovered = readLives(home.configuration).map((life) => life.recovered);
  t.deepEqual(recovered, [0, 4, 4, 4]);
});

test("im down ends a keeper that adopted its daemon, too", async (t) => {
  const home = heldHome(t);
  const { configuration } = home;
  const daemon = await home.daemon();
  const first = home.keeper();
  await kill(first);
  const second = await nextPid(configuration.keeperFile, first);
  await home.down();
  await ended(daemon);
  t.false(runs(second));
  t.deepEqual(readdirSync(configuration.home).sort(), [
    "daemon.log",
    "holding.json",
    "lives.jsonl",
  ]);
});
