/**
 * Every decision that something goes wrong. By default they are drawn, each stream of occasions
 * from a generator of its own; given a list, only what it names goes wrong. The decisions that were
 * made are that list: a failure is repeated by it, and shrunk by leaving some of it out.
 */
import type { Generator } from "./generator.js";

export interface Decision {
  /** The occasion: a stream's name and the number of the occasion in it, `store/node-2#17`. */
  readonly at: string;
  readonly kind: string;
  /** Of the fault, in [0, 1): how long, how late, which. */
  readonly size: number;
}

/** Kinds with their probabilities on each occasion. */
export type Odds = Readonly<Record<string, number>>;

export class FaultPlan {
  readonly made: Decision[] = [];
  readonly #root: Generator;
  readonly #given: ReadonlyMap<string, Decision> | null;
  readonly #streams = new Map<string, { readonly generator: Generator; count: number }>();
  readonly #factor: number;
  #isOver = false;

  /** `given`: nothing but these goes wrong. `factor`: so many times as often as the odds say. */
  constructor(root: Generator, given: readonly Decision[] | null = null, factor = 1) {
    this.#root = root;
    this.#factor = factor;
    this.#given = given === null ? null : new Map(given.map((one) => [one.at, one]));
  }

  /** From now on nothing goes wrong any more. */
  heal(): void {
    this.#isOver = true;
  }

  get healed(): boolean {
    return this.#isOver;
  }

  /** What goes wrong on the next occasion of the stream; null: nothing. */
  decide(stream: string, odds: Odds): Decision | null {
    const state = this.#stream(stream);
    state.count += 1;
    if (this.#isOver) return null;
    const at = `${stream}#${state.count}`;
    const decision =
      this.#given === null ? this.#draw(at, odds, state.generator) : this.#given.get(at);
    if (decision === null || decision === undefined) return null;
    this.made.push(decision);
    return decision;
  }

  #draw(at: string, odds: Odds, generator: Generator): Decision | null {
    let left = generator.uniform();
    for (const kind in odds) {
      const probability = (odds[kind] ?? 0) * this.#factor;
      if (left < probability) return { at, kind, size: generator.uniform() };
      left -= probability;
    }
    return null;
  }

  #stream(name: string) {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { generator: this.#root.fork(name), count: 0 };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}
