/** What one run of the benchmarks found, as it is printed, saved and compared. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { median, pairedDifference, pairedRatio, quantile } from "./statistics.js";

const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });

/** One way of doing something, measured many times. */
const row = z.object({
  /** Rows of one group were measured alternately, round after round. */
  group: z.string(),
  name: z.string(),
  unit: z.string(),
  count: z.int(),
  median: z.number(),
  p99: z.number(),
  /** Of connections: refused or cut off before one was answered. */
  lost: z.int(),
  /** To the group's first row, pair by pair; null for that row itself. */
  ratio: estimate.nullable(),
  difference: estimate.nullable(),
});
export type Row = z.infer<typeof row>;

/** Something that was counted, or weighed once. */
const fact = z.object({
  group: z.string(),
  name: z.string(),
  value: z.number(),
  unit: z.string(),
});
export type Fact = z.infer<typeof fact>;

const goal = z.object({ what: z.string(), wanted: z.string(), measured: z.string() });
export type Goal = z.infer<typeof goal>;

const results = z.object({
  version: z.literal(1),
  label: z.string(),
  /** ISO. */
  at: z.string(),
  quick: z.boolean(),
  machine: z.record(z.string(), z.string()),
  rows: z.array(row).readonly(),
  facts: z.array(fact).readonly(),
  goals: z.array(goal).readonly(),
  /** Peers and programs that this machine lacks. */
  skipped: z.array(z.string()).readonly(),
});
export type Results = z.infer<typeof results>;

/** Series of one group, in the order in which they are shown; the first is what others go by. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  readonly lost?: number;
}

/** `neighbours`: how many values were measured in one go. */
export function rowsOf(
  group: string,
  unit: string,
  series: readonly Series[],
  neighbours = 1,
): readonly Row[] {
  const base = series[0];
  return series.map(({ name, values, lost = 0 }) => {
    const compared = base !== undefined && name !== base.name;
    return {
      group,
      name,
      unit,
      count: values.length,
      median: median(values),
      p99: quantile(values, 0.99),
      lost,
      ratio: compared ? pairedRatio(values, base.values, neighbours) : null,
      difference: compared ? pairedDifference(values, base.values, neighbours) : null,
    };
  });
}

export function saveResults(path: string, found: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(found, null, 1)}\n`);
}

export function loadResults(path: string): Results {
  return results.parse(JSON.parse(readFileSync(path, "utf8")));
}
