/** npm run simulate, as it is used. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import test from "ava";

const script = new URL("../../scripts/simulate.js", import.meta.url).pathname;

async function simulate(words: readonly string[], onLine: (stop: () => void) => void = () => {}) {
  const child = spawn(process.execPath, [script, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.once("data", () => onLine(() => child.kill("SIGINT")));
  const [out, error, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { out, error, status };
}

test("one seed is told with what happens in it", async (t) => {
  const told = await simulate(["--seed", "3", "--trace"]);
  t.is(told.status, 0);
  t.regex(told.out, /node-1 .* connects to host-/);
  t.regex(told.out, /\nseed 3: nothing is violated, trace \S+\n$/);
  t.is((await simulate(["--seed", "3", "--trace"])).out, told.out);
});

test("worlds of another pattern are other worlds, with what the usual ones have not", async (t) => {
  const rough = await simulate(["--seed", "3", "--trace", "--pattern", "rough"]);
  t.is(rough.status, 0);
  t.regex(rough.out, / im suspend host-\d\n/);
  const usual = await simulate(["--seed", "3", "--trace"]);
  t.notRegex(usual.out, / im suspend /);
});

test("an interrupt ends it with what is known by then", async (t) => {
  const { out, error, status } = await simulate(["--jobs", "2", "--seeds", "100000"], (stop) =>
    stop(),
  );
  t.is(error, "");
  t.is(status, 0);
  t.regex(out, /^2 threads/);
  t.regex(out, /\n2 seeds, .*, 0 violations\n/);
  t.regex(out, /\ntransitions: \d+ of \d+ seen; never:\n/);
});

for (const [words, why] of [
  [["--seeds", "many"], "--seeds wants a whole number from 1, not many"],
  [["--jobs", "0"], "--jobs wants a whole number from 1, not 0"],
  [["--pattern", "odd"], "--pattern wants one of mixed, rough, herd, zombie, not odd"],
  [["--sedes", "3"], "Unknown option '--sedes'"],
] as const) {
  test(`${words.join(" ")} is refused with the reason and the usage`, async (t) => {
    const { out, error, status } = await simulate(words);
    t.is(status, 2);
    t.is(out, "");
    t.true(error.startsWith(why), error);
    t.regex(error, /--minutes 10/);
  });
}
