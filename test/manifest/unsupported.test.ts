import test from "ava";
import { unsupportedFeatures } from "../../platform/manifest/unsupported.js";
import { errorsOf, hostText, summary } from "./manifest-text.js";

/** One valid use of everything that is refused by name: an entry that works now has no row here. */
const rows = [
  ["wakeFrom", "wakeFrom: [web]", "5:5"],
  ["files", "files: {/etc/app.conf: ./app.conf}", "5:5"],
  ["prewarm", "prewarm: off", "5:5"],
  ["intercept", "intercept: trap", "5:16"],
  ["placement", "placement: local", "5:16"],
] as const;

test("every unsupported feature has a row in this test", (t) => {
  t.deepEqual(
    unsupportedFeatures.map((entry) => entry.key),
    rows.map(([key]) => key),
  );
});

for (const [key, line, place] of rows) {
  test(`\`${line}\` is refused by name until it works`, (t) => {
    const errors = summary(errorsOf(hostText("command: a", line)));
    t.is(errors.length, 1);
    t.true(errors[0]?.startsWith(`${place} UNSUPPORTED \`${key}`), errors[0]);
  });
}

for (const [key, line] of rows) {
  test(`\`${key}\` is refused in defaults too`, (t) => {
    const text = `deployment: shop\ndefaults:\n  ${line}\nhosts: {web: {command: a}}`;
    t.regex(summary(errorsOf(text))[0] ?? "", /^3:\d+ UNSUPPORTED .* in `defaults`/);
  });
}

test("a wrong shape is reported before the refusal", (t) => {
  const lines = ["idle: {after: 5}", "wake: {}", "files: [a]", "wakeFrom: [A]", "prewarm: maybe"];
  t.deepEqual(summary(errorsOf(hostText("command: a", ...lines))), [
    "5:19 INVALID `idle.after` of host `web` is not valid",
    "6:5 INVALID `wake.every` of host `web` is missing",
    "7:12 INVALID `files` of host `web` is not valid",
    "8:16 INVALID `wakeFrom[0]` of host `web` is not valid",
    "9:14 INVALID `prewarm` of host `web` is not valid",
  ]);
});
