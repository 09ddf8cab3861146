import type { Clock } from "../../platform/ports/clock.js";
import type { ProcessTree } from "./process-tree.js";

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The function's own program, at the root of the environment's process tree. */
export interface RootProcess {
  readonly pid: number | null;
  /** null: it runs, or could not be started. */
  readonly exit: ProcessExit | null;
  /** Why it could not be executed at all. */
  readonly failure: Error | null;
  /** Resolves when it has ended, or could not be started. */
  readonly exited: Promise<void>;
  /** SIGTERM to the program, and time to follow it; what it leaves behind stays. */
  stop(tree: ProcessTree, clock: Clock, graceMs: number): Promise<void>;
  /** How it ended, in AWS's words. */
  describe(): string;
}
