/** What each accept of a guest looks at: in memory that it shares with its supervisor. */
export interface GateWord {
  /** Of the life that may. */
  readonly incarnation: number;
  /** Monotonic ms. */
  readonly untilMs: number;
  /** Wall clock less monotonic clock, when the lease was asked for. */
  readonly wallAheadMs: number;
}
