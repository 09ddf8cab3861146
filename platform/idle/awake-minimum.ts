/**
 * How long a host stays awake after a wake, however quiet it is. A sleep that was short beside what
 * waking costs, or beside the time awake before it, was not worth it: the minimum grows. One that
 * was worth it halves it. So steady light traffic soon finds the host awake, and silence asleep.
 */
export interface Sleep {
  readonly awakeMs: number;
  readonly sleptMs: number;
  /** From the signal to the first thing the guest could do, measured. */
  readonly resumeMs: number;
}

/** A sleep is worth it from this many times what it costs to wake. */
const costsWorth = 50;
/** … and from this share of the time awake before it. */
const awakeWorth = 0.25;
/** Times `afterMs`: longer than that nobody is kept awake for nothing. */
const minimumMaxTimes = 10;

export class AwakeMinimum {
  readonly #maxMs: number;
  #ms = 0;

  constructor(afterMs: number) {
    this.#maxMs = afterMs * minimumMaxTimes;
  }

  get ms(): number {
    return this.#ms;
  }

  slept({ awakeMs, sleptMs, resumeMs }: Sleep): void {
    const worthMs = Math.max(resumeMs * costsWorth, awakeMs * awakeWorth);
    if (sleptMs >= worthMs) {
      this.#ms = Math.floor(this.#ms / 2);
      return;
    }
    this.#ms = Math.min(this.#maxMs, Math.max(2 * this.#ms, 2 * (awakeMs + sleptMs)));
  }
}
