/** Each decoder against damaged and senseless input, for a moment; `npm run fuzz` is longer. */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const eachMs = 1500;

const decoders = [
  ["table", "the name table, as guests map it"],
  ["reply", "the supervisor's answers, as guests take them"],
  ["custody", "the daemon's messages, as the keeper takes them"],
  ["start", "the start message, as init takes it"],
] as const;

test.before((t) => {
  t.timeout(120_000);
  const { status, stderr } = spawnSync("make", ["-s", "-C", join(root, "shim"), "fuzz"], {
    encoding: "utf8",
  });
  t.is(status, 0, stderr);
});

for (const [target, what] of decoders) {
  test.serial(`no input breaks the decoder of ${what} (ASan, UBSan)`, (t) => {
    const seed = String(randomInt(2 ** 31));
    const program = join(root, "build/fuzz", target);
    const { status, stdout, stderr } = spawnSync(program, [seed, String(eachMs)], {
      encoding: "utf8",
      timeout: 60_000,
    });
    t.is(status, 0, `seed ${seed}: ${stderr}`);
    t.true(Number(/^(\d+) inputs\n$/.exec(stdout)?.[1]) > 100, stdout);
  });
}
