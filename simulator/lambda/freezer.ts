/**
 * Freezing of environments: between two events nothing in one runs, no timer fires and no CPU time
 * is used, as on Lambda. A port with two adapters: `CgroupFreezer` and `SignalFreezer`.
 */
import type { ProcessTree } from "./process-tree.js";

/** `cgroup`: cgroup v2's freezer. `signals`: SIGSTOP for each process of the tree. */
export type FreezerKind = "cgroup" | "signals";

export interface Freezer {
  readonly kind: FreezerKind;
  /** Why not the better one; null: this is it. */
  readonly reason: string | null;
  /**
   * From the end of an event to the freeze, ms. Zero where nobody notices a freeze; guests notice
   * SIGSTOP (a system call that it interrupts can fail with EINTR), so that is left out between
   * events that follow each other at once.
   */
  readonly pauseMs: number;
  /** Of one environment, which may be an earlier engine's. */
  open(environmentId: string, tree: ProcessTree): FreezableTree;
  /** Removes what environments that are gone have left behind. */
  collect(livingIds: ReadonlySet<string>): Promise<void>;
  /** After the end of all environments: leaves nothing on the machine. */
  close(): Promise<void>;
}

export interface FreezableTree {
  /** What to execute in place of the program, so that all of its processes can be frozen. */
  command(program: string): readonly [string, ...string[]];
  /** What an earlier engine left, frozen or not and in whichever way: it runs afterwards. */
  adopt(): Promise<void>;
  /** Resolves with true once nothing of the tree runs, with false if it was thawed before that. */
  freeze(): Promise<boolean>;
  /** At once, also in the middle of a freeze. */
  thaw(): void;
  /** SIGKILL for all of it, as far as that takes no search; the search for the rest follows. */
  kill(): void;
  /** After the end of all of its processes. */
  remove(): Promise<void>;
}
