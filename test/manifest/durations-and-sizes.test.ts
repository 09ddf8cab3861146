import test from "ava";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../platform/manifest/durations.js";
import { formatSizeMb, parseSizeMb } from "../../platform/manifest/sizes.js";

const durations: readonly (readonly [string, number | null | undefined])[] = [
  ["250ms", 250],
  ["30s", 30_000],
  ["10m", 600_000],
  ["1h", 3_600_000],
  ["0s", 0],
  ["never", null],
  ["30", undefined],
  ["1.5h", undefined],
  ["-1s", undefined],
  ["1 s", undefined],
  ["1d", undefined],
  ["1s\n", undefined],
  ["", undefined],
];

for (const [text, expected] of durations) {
  test(`the duration ${JSON.stringify(text)} is ${expected === null ? "never" : expected}`, (t) => {
    t.is(parseDuration(text), expected);
  });
}

test("a duration that is formatted reads as the same duration", (t) => {
  const durationMs = fc.option(fc.integer({ min: 0, max: 999_999_999 }));
  fc.assert(fc.property(durationMs, (ms) => parseDuration(formatDuration(ms)) === ms));
  t.is(formatDuration(90_000), "90s");
  t.is(formatDuration(3_600_000), "1h");
});

const sizes: readonly (readonly [string, number | undefined])[] = [
  ["512MB", 512],
  ["1GB", 1024],
  ["10GB", 10_240],
  ["512", undefined],
  ["512mb", undefined],
  ["1TB", undefined],
  ["0.5GB", undefined],
  ["MB", undefined],
];

for (const [text, expected] of sizes) {
  test(`the size ${JSON.stringify(text)} is ${expected} MB`, (t) => {
    t.is(parseSizeMb(text), expected);
  });
}

test("a size that is formatted reads as the same size", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), (mb) => parseSizeMb(formatSizeMb(mb)) === mb),
  );
  t.is(formatSizeMb(2048), "2GB");
});
