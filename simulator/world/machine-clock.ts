/** The clocks of one machine: a quartz that is a little off, and a wall clock that people move. */
import type { Timeline } from "./timeline.js";

/** Wall clocks of all machines begin about here, ms since the epoch. */
const epochMs = 1_800_000_000_000;

export class MachineClock {
  /** Of its own time in a unit of the true one: 0.99 to 1.01. */
  readonly rate: number;
  readonly #timeline: Timeline;
  readonly #startMs: number;
  #wallMs: number;
  /** True time during which the machine did not exist, for its monotonic clock. */
  #lostMs = 0;

  constructor(timeline: Timeline, rate: number, startMs: number, wallOffsetMs: number) {
    this.#timeline = timeline;
    this.rate = rate;
    this.#startMs = startMs;
    this.#wallMs = epochMs + wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#startMs + (this.#timeline.nowMs - this.#lostMs) * this.rate;
  }

  nowMs(): number {
    return this.#wallMs + this.#timeline.nowMs * this.rate;
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** The machine was not there, and its monotonic clock does not know. */
  lose(trueMs: number): void {
    this.#lostMs += trueMs;
  }
}
