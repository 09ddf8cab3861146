/**
 * What Lambda allows itself and seldom does: switches for tests and simulations, which must see
 * that nothing depends on it. Off unless asked for.
 */

/**
 * The occasions on which it happens: by their numbers, from 0, or drawn with this probability from
 * a generator that a seed starts. Plain data, so that another process can be told.
 */
export type Occasions =
  | { readonly at: readonly number[] }
  | { readonly probability: number; readonly seed: number };

export interface EngineFaults {
  /** An asynchronous event is handled twice, under one request id. */
  readonly duplicates?: Occasions;
  /** An asynchronous event is accepted and never handled. */
  readonly drops?: Occasions;
  /** An environment ends after its event, in place of waiting for another. */
  readonly earlyReaps?: Occasions;
}

/** Says of each occasion in its turn whether it is one. */
export class Lottery {
  #occasion = 0;
  #state: number;

  constructor(private readonly occasions: Occasions | undefined) {
    this.#state = occasions !== undefined && "seed" in occasions ? occasions.seed : 0;
  }

  draw(): boolean {
    const occasion = this.#occasion;
    this.#occasion += 1;
    if (this.occasions === undefined) return false;
    if ("at" in this.occasions) return this.occasions.at.includes(occasion);
    return this.#uniform() < this.occasions.probability;
  }

  /** splitmix32: one multiplication mix of a counter (Steele, Lea and Flood, 2014). */
  #uniform(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }
}
