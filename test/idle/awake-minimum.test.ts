import test from "ava";
import fc from "fast-check";
import { AwakeMinimum } from "../../platform/idle/awake-minimum.js";

const afterMs = 1000;
const resumeMs = 5;

/** Sleeps of a host that requests reach at these times, by the idle rule and the minimum alone. */
function sleeps(arrivalsMs: readonly number[]): number {
  const minimum = new AwakeMinimum(afterMs);
  let wokenAtMs = 0;
  let count = 0;
  for (const [index, atMs] of arrivalsMs.entries()) {
    const previousMs = arrivalsMs[index - 1] ?? 0;
    const asleepAtMs = Math.max(previousMs + afterMs, wokenAtMs + minimum.ms);
    if (atMs <= asleepAtMs) continue;
    count += 1;
    minimum.slept({ awakeMs: asleepAtMs - wokenAtMs, sleptMs: atMs - asleepAtMs, resumeMs });
    wokenAtMs = atMs;
  }
  return count;
}

function every(gapMs: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => (n + 1) * gapMs);
}

test("a request a little after each time-out finds the host awake, but for a few", (t) => {
  t.true(sleeps(every(afterMs * 1.1, 1000)) <= 1000 / 5);
});

test("requests that are far apart let the host sleep between all of them", (t) => {
  t.is(sleeps(every(afterMs * 100, 100)), 100);
});

test("after a busy time, silence brings the old sleep back", (t) => {
  const minimum = new AwakeMinimum(afterMs);
  for (let n = 0; n < 20; n++) minimum.slept({ awakeMs: 1000, sleptMs: 100, resumeMs });
  t.is(minimum.ms, 10 * afterMs);
  for (let n = 0; n < 14; n++) minimum.slept({ awakeMs: 1000, sleptMs: 50_000, resumeMs });
  t.is(minimum.ms, 0);
});

test("what costs much to wake stays awake longer than what costs little", (t) => {
  const minimum = new AwakeMinimum(afterMs);
  minimum.slept({ awakeMs: 1000, sleptMs: 3000, resumeMs: 2 });
  t.is(minimum.ms, 0);
  minimum.slept({ awakeMs: 1000, sleptMs: 3000, resumeMs: 200 });
  t.is(minimum.ms, 8000);
});

test("whatever the arrivals, at least a fifth of the sleeps are worth it or they are few", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 50, maxLength: 400 }),
      (gaps) => {
        let atMs = 0;
        const arrivals = gaps.map((gapMs) => (atMs += gapMs));
        const worth = gaps.filter((gapMs) => gapMs - afterMs >= afterMs * 0.25).length;
        t.true(sleeps(arrivals) <= worth + 12 + gaps.length / 5);
      },
    ),
  );
});
