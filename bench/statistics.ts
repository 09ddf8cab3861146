/**
 * Medians, percentiles, and what can be said about two series that were measured in pairs. The
 * intervals are bootstrap percentile intervals (Efron, "Bootstrap methods: another look at the
 * jackknife", 1979): pairs are drawn with replacement, so that what slowed both is in both, and in
 * the runs of neighbours that they were measured in (Künsch, "The jackknife and the bootstrap for
 * general stationary observations", 1989), which are more alike than others.
 */
export interface Estimate {
  readonly value: number;
  /** Bounds of the 95 % interval. */
  readonly low: number;
  readonly high: number;
}

const rounds = 2000;
const seed = 20_251_121;

/** Of an empty series: NaN. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the two nearest; `share` from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return ofSorted(sorted, share);
}

function ofSorted(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Median of `values` over median of `base`; both were measured alternately. */
export function pairedRatio(
  values: readonly number[],
  base: readonly number[],
  neighbours = 1,
): Estimate {
  return estimate(values, base, neighbours, (one, other) => one / other);
}

/** Median of `values` less median of `base`. */
export function pairedDifference(
  values: readonly number[],
  base: readonly number[],
  neighbours = 1,
): Estimate {
  return estimate(values, base, neighbours, (one, other) => one - other);
}

function estimate(
  values: readonly number[],
  base: readonly number[],
  neighbours: number,
  compare: (one: number, other: number) => number,
): Estimate {
  const count = Math.min(values.length, base.length);
  const blocks = Math.floor(count / neighbours);
  const random = seededRandom(seed);
  const drawn = Array.from({ length: rounds }, () => {
    const one = new Float64Array(blocks * neighbours);
    const other = new Float64Array(blocks * neighbours);
    let pair = 0;
    for (let index = 0; index < one.length; index += 1, pair += 1) {
      if (index % neighbours === 0) pair = Math.floor(random() * blocks) * neighbours;
      one[index] = values[pair] ?? Number.NaN;
      other[index] = base[pair] ?? Number.NaN;
    }
    return compare(ofSorted(one.sort(), 0.5), ofSorted(other.sort(), 0.5));
  });
  return {
    value: compare(median(values), median(base)),
    low: quantile(drawn, 0.025),
    high: quantile(drawn, 0.975),
  };
}

/** Mulberry32: from 0 up to, and not including, 1. */
export function seededRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The same elements in another order. */
export function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [one, two] = [result[last], result[other]];
    if (one === undefined || two === undefined) continue;
    result[last] = two;
    result[other] = one;
  }
  return result;
}
