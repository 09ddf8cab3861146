/**
 * The wake that is under way, or was the last: who caused it, and how long each phase of it took.
 * A phase is whatever the machine calls its state below `allocating` or `resuming`.
 */
import type { Cause } from "../lifecycle/events.js";
import type { ConnectorSearch } from "../ports/holders.js";
import type { Origins } from "./origins.js";

export interface Phase {
  /** `claiming`, `invoking`, …; of nested states `outer.inner`. */
  readonly name: string;
  readonly tookMs: number;
}

export interface Wake {
  readonly signal: string;
  readonly by: string;
  /** The process that caused it, where that is known. */
  readonly pid: number | null;
  readonly program: string | null;
  readonly port: number | null;
  /** Wall clock, ms. */
  readonly atMs: number;
  /** From the signal until the host ran; of one that is under way, until now. */
  readonly tookMs: number;
  readonly phases: readonly Phase[];
}

/** A boot that is contended for may go through a state some times; no more are noted. */
const phasesMax = 32;

export class PresentWake {
  #cause: Cause;
  #search: ConnectorSearch | null = null;
  #identified = false;
  #phases: Phase[] = [];
  #present: { readonly name: string; readonly sinceMs: number } | null = null;

  constructor(cause: Cause) {
    this.#cause = cause;
  }

  /** More is known of it now. */
  learn(cause: Cause): void {
    this.#cause = cause;
  }

  /** Begins to ask, once, whose doing it was. */
  identify(origins: Origins): void {
    const { pid = null, source = null } = this.#cause;
    if (this.#identified || (pid === null && source === null)) return;
    this.#identified = true;
    this.#search = origins.identify(this.#cause);
  }

  /** As `identify`, and waits for the answer. */
  identifyNow(origins: Origins): void {
    this.identify(origins);
    this.#search?.finish();
  }

  /** `name` null: the wake is over, one way or the other. Monotonic ms. */
  enter(name: string | null, nowMs: number): void {
    if (this.#present?.name === name) return;
    const ended = this.#ended(nowMs);
    if (ended !== null && this.#phases.length < phasesMax) this.#phases.push(ended);
    this.#present = name === null ? null : { name, sinceMs: nowMs };
  }

  /** As it is now. */
  told(nowMs: number): Wake {
    const { signal, by, port, atMs, startedMs } = this.#cause;
    const present = this.#ended(nowMs);
    const connector = this.#search?.found ?? null;
    return {
      signal,
      by,
      pid: this.#cause.pid ?? connector?.pid ?? null,
      program: connector?.program ?? null,
      port,
      atMs,
      tookMs: Math.round(nowMs - startedMs),
      phases: present === null ? [...this.#phases] : [...this.#phases, present],
    };
  }

  #ended(nowMs: number): Phase | null {
    if (this.#present === null) return null;
    const { name, sinceMs } = this.#present;
    return { name, tookMs: Math.round((nowMs - sinceMs) * 10) / 10 };
  }
}
