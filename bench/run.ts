/** What every part of the benchmarks is given, and what it adds to. */
import type { BenchHome } from "./home.js";
import type { Fact, Goal, Row } from "./results.js";

export interface Run {
  /** How often to measure: `least` with --quick, else the share of `all` that is wanted. */
  readonly rounds: (least: number, all: number) => number;
  readonly home: BenchHome;
  /** Tells whoever waits what is measured just now. */
  readonly say: (text: string) => void;
  readonly rows: Row[];
  readonly facts: Fact[];
  readonly goals: Goal[];
  readonly skipped: Set<string>;
  /** From 0 up to 1, seeded. */
  readonly random: () => number;
}
