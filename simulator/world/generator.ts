/**
 * The world's randomness: one seed, forked by name, so that a new draw in one part moves nothing
 * in another. The generator is sfc32 (Chris Doty-Humphrey, PractRand).
 */
export class Generator {
  readonly #identity: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  private constructor(identity: number) {
    this.#identity = identity;
    this.#a = scramble(identity);
    this.#b = scramble(identity ^ 0x9e3779b9);
    this.#c = scramble(identity ^ 0x85ebca6b);
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  static of(seed: number): Generator {
    return new Generator(scramble(seed) ^ Math.floor(seed / 2 ** 32));
  }

  /** The same for the same name, however much was drawn here before. */
  fork(name: string): Generator {
    return new Generator(textHash(name, this.#identity));
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.#next() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  between(least: number, most: number): number {
    return least + this.uniform() * (most - least);
  }

  /** Whole, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.uniform() * (most - least + 1));
  }

  /** Mostly near the least, seldom near the most: as latencies are. */
  skewed(least: number, most: number): number {
    return least + this.uniform() ** 4 * (most - least);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.uniform() * items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}

function scramble(value: number): number {
  let mixed = (value ^ 0x5bd1e995) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) | 0;
}

/** FNV-1a, from where an earlier text ended. */
export function textHash(text: string, from = 0x811c9dc5): number {
  let hash = from | 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
