/** A watch over processes that are about to be frozen: whatever happens to them, wakes them. */
export interface Guard {
  /** Before the processes go on. */
  close(): void;
}

export type GuardSignal =
  /** On a socket; its connection's id where it is known. */
  | { readonly type: "arrival"; readonly connectionId: number | null }
  /** Somebody has killed init, or the guest's command. */
  | { readonly type: "end"; readonly pid: number };

export interface Guards {
  /**
   * Watches every socket that the guests below this host-runtime have open, and those processes
   * without which there is no life. Calls back when anything arrives that was not there before, or
   * one of them ends. Throws `ImError` IM_GUARD_REFUSED where they may not be looked into.
   */
  arm(runtimePid: number, onSignal: (signal: GuardSignal) => void): Guard;
}
