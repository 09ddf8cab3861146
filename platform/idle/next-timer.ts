/**
 * When a host's own timers are next due. A time-out that counts from the beginning of a system call
 * says nothing of that beginning: it lies between the look before the one that saw it first, and
 * that one. The earlier is taken: a host that is woken a little early still keeps its time.
 */
import type { Wait } from "../ports/sensor.js";

interface Begun {
  readonly switches: number;
  readonly atMs: number;
}

export class NextTimer {
  #begun: ReadonlyMap<number, Begun> = new Map();
  #lookedAtMs: number | null = null;

  /** Monotonic ms of the earliest of them; null: none is set. */
  look(waits: readonly Wait[], atMs: number): number | null {
    const firstSeenMs = this.#lookedAtMs ?? atMs;
    const begun = new Map<number, Begun>();
    let nextMs: number | null = null;
    for (const { thread, switches, dueMs, forMs } of waits) {
      const known = this.#begun.get(thread);
      const begin = known?.switches === switches ? known : { switches, atMs: firstSeenMs };
      if (dueMs === null) begun.set(thread, begin);
      const due = dueMs ?? begin.atMs + forMs;
      if (nextMs === null || due < nextMs) nextMs = due;
    }
    this.#begun = begun;
    this.#lookedAtMs = atMs;
    return nextMs;
  }
}
