/** One keeper and one daemon a home, from the first start to the end of both. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { shimFiles } from "../../shim/index.js";
import {
  changed,
  ended,
  heldHome,
  holdingProgram,
  kill,
  runs,
} from "../fixtures/keeper/held-home.js";
import { brokenFile } from "../fixtures/keeper/holding.js";

/** What a second one says of its start, and how it ends. */
async function second(command: string, words: readonly string[], home: string) {
  const child = spawn(command, words, {
    env: { ...process.env, IM_HOME: home },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [[report], [code]] = await Promise.all([once(child, "message"), once(child, "exit")]);
  return { report, code };
}

test("a second daemon and a second keeper are told that the home is taken", async (t) => {
  const home = heldHome(t);
  const { lockFile, home: path } = home.configuration;
  const first = await home.daemon();
  const keeperWords = [lockFile, "-", "--", process.execPath, holdingProgram];
  const taken = { report: { type: "taken" }, code: 0 };
  t.deepEqual(await second(process.execPath, [holdingProgram], path), taken);
  t.deepEqual(await second(shimFiles.keeper, keeperWords, path), taken);
  process.kill(first, "SIGKILL");
  t.deepEqual(await second(shimFiles.keeper, keeperWords, path), taken);
  t.not(await home.daemon(), first);
});

test("after im down neither keeper nor daemon is left, nor what they held", async (t) => {
  const home = heldHome(t);
  const { configuration } = home;
  const daemon = await home.daemon();
  const keeper = home.keeper();
  await home.down();
  await ended(daemon);
  t.false(runs(keeper));
  t.false(existsSync(configuration.runtimeDirectory));
  t.deepEqual(readdirSync(configuration.home).sort(), [
    "daemon.log",
    "holding.json",
    "lives.jsonl",
  ]);
});

test("a keeper whose daemon cannot start again ends when it is asked to", async (t) => {
  const home = heldHome(t);
  const { configuration } = home;
  const daemon = await home.daemon();
  const keeper = home.keeper();
  const broken = brokenFile(configuration);
  writeFileSync(broken, "");
  await kill(daemon);
  await changed(broken, () => readFileSync(broken, "utf8") !== "");
  process.kill(keeper, "SIGTERM");
  await ended(keeper);
  t.false(existsSync(configuration.lockFile));
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} to the keeper ends the daemon, which is not started again`, async (t) => {
    const home = heldHome(t);
    const { configuration } = home;
    const daemon = await home.daemon();
    const keeper = home.keeper();
    process.kill(keeper, signal);
    await Promise.all([daemon, keeper].map(ended));
    t.false(existsSync(configuration.lockFile));
    t.false(existsSync(configuration.pidFile));
  });
}
