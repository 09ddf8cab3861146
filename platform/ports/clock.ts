/** Time as the core sees it: the only way to read it and to wait. */
export interface Clock {
  /** Wall clock, ms since the epoch: for people, never compared with another machine's. */
  nowMs(): number;
  /** Monotonic, ms from an arbitrary start: for durations and leases. */
  monotonicMs(): number;
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(timer: TimerHandle): void;
}

/** What `setTimeout` gave: opaque to everybody else. */
export type TimerHandle = unknown;
