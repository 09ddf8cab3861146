/** What reaches whom between machines, store and cloud: links may be cut, one way or both. */
import type { Generator } from "./generator.js";

/** The control network between nodes will have its messages here, too. */
export class Network {
  readonly #latency: Generator;
  /** Directed: `node-1>store`. */
  readonly #cuts = new Map<string, number>();
  #streams = 0;

  constructor(latency: Generator) {
    this.#latency = latency;
  }

  /** Numbers connections, of all machines. */
  nextStream(): number {
    this.#streams += 1;
    return this.#streams;
  }

  passes(from: string, to: string): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(`${from}>${to}`);
  }

  cut(from: string, to: string): void {
    const link = `${from}>${to}`;
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
  }

  mend(from: string, to: string): void {
    const link = `${from}>${to}`;
    const left = (this.#cuts.get(link) ?? 1) - 1;
    if (left > 0) this.#cuts.set(link, left);
    else this.#cuts.delete(link);
  }

  /** One way between two machines, ms. */
  latencyMs(): number {
    return this.#latency.skewed(0.3, 12);
  }
}
