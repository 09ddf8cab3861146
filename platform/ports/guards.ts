/** A watch over processes that are about to be frozen: whatever arrives for them, wakes them. */
export interface Guard {
  /** Before the processes go on. */
  close(): void;
}

export interface Guards {
  /**
   * Watches every socket that the guests below this host-runtime have open. Calls back once, with
   * the connection's id where it is known, when anything arrives that was not there before. Throws
   * `ImError` IM_GUARD_REFUSED where the guests may not be looked into.
   */
  arm(runtimePid: number, onSignal: (connectionId: number | null) => void): Guard;
}
