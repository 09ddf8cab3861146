/** How the engine executes: what tests, simulations and the platform change of AWS's ways. */
import type { EngineFaults } from "./engine-faults.js";
import type { FreezerKind } from "./freezer.js";

export interface ExecutionOptions {
  /** Spares that each shared blueprint keeps ready. Default 1. */
  readonly sparesMax?: number;
  /** Default 600,000. */
  readonly idleMs?: number;
  /** Default 10,000, AWS's 10 s. */
  readonly initTimeoutMs?: number;
  /**
   * Between SIGTERM and SIGKILL, for every runtime. Default as AWS: SIGKILL at once, but where an
   * extension is registered 500 ms after SIGTERM.
   */
  readonly graceMs?: number;
  /** Environments that live at once, at most. Default 10,000. */
  readonly environmentsMax?: number;
  /** Events that are handled at once, at most: the account's limit. Default 10,000. */
  readonly concurrencyMax?: number;
  /** Pauses before repetitions of a failed event. Default one and two minutes, as AWS. */
  readonly retryDelaysMs?: readonly number[];
  /** Default: cgroup v2 where this process may have cgroups of its own, else signals. */
  readonly freezer?: "auto" | FreezerKind;
  /** Default: none. */
  readonly faults?: EngineFaults;
}
