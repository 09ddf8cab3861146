import test from "ava";
import {
  median,
  pairedDifference,
  pairedRatio,
  quantile,
  seededRandom,
  shuffled,
} from "../../bench/statistics.js";

function series(count: number, of: (index: number) => number): readonly number[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

test("a median lies between the two middle values, whatever their order", (t) => {
  t.is(median([5, 1, 3]), 3);
  t.is(median([10, 1, 2, 3]), 2.5);
  t.is(quantile([0, 10], 0.99), 9.9);
  t.is(median([]), Number.NaN);
});

test("an interval holds the ratio that was put in, and is the same each time", (t) => {
  const random = seededRandom(1);
  const base = series(400, () => 10 + random());
  const slower = base.map((value) => value * 1.2 + random());
  const ratio = pairedRatio(slower, base);
  t.true(ratio.low <= ratio.value && ratio.value <= ratio.high);
  t.true(ratio.low > 1.2 && ratio.high < 1.3, JSON.stringify(ratio));
  t.deepEqual(pairedRatio(slower, base), ratio);
  const difference = pairedDifference(slower, base);
  t.true(difference.low > 2 && difference.high < 3.2, JSON.stringify(difference));
});

test("series that are alike differ by nothing", (t) => {
  const random = seededRandom(2);
  const base = series(500, () => random());
  const { low, high } = pairedDifference(
    series(500, () => random()),
    base,
  );
  t.true(low < 0 && 0 < high);
});

test("neighbours that are alike make an interval wider", (t) => {
  const random = seededRandom(3);
  const runs = series(20, () => random());
  const one = series(400, (index) => 1 + (runs[Math.floor(index / 20)] ?? 0));
  const base = series(400, () => 1 + random() / 100);
  const alone = pairedRatio(one, base);
  const together = pairedRatio(one, base, 20);
  t.true(together.high - together.low > 2 * (alone.high - alone.low));
});

test("a shuffle keeps every element, and is the same for the same seed", (t) => {
  const values = series(20, (index) => index);
  const mixed = shuffled(values, seededRandom(4));
  t.notDeepEqual(mixed, values);
  t.deepEqual(
    [...mixed].sort((a, b) => a - b),
    values,
  );
  t.deepEqual(shuffled(values, seededRandom(4)), mixed);
});
