/** What an environment is to the engine around it. */
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import type { Addon } from "../../shim/index.js";
import type { Environment } from "./environment.js";
import type { Freezer } from "./freezer.js";
import type { InvocationLedger } from "./invocation-ledger.js";
import type { ProcessTable } from "./process-table.js";

/** As seen from outside; a frozen environment is an idle one. */
export type EnvironmentState = "init" | "idle" | "busy" | "ended";

/** Nothing of an idle environment runs any more, or it runs again. */
export interface FreezeChange {
  readonly id: string;
  readonly functionName: string | null;
  readonly tenantId: string | null;
  readonly frozen: boolean;
  /** What the freeze took; null: a thaw, which takes effect at once. */
  readonly tookMs: number | null;
}

export type EndReason =
  | "exited"
  | "init-failed"
  | "init-timeout"
  | "timeout"
  | "reaped"
  | "retired"
  | "deleted"
  | "closed";

/** The proof that nothing of the environment runs any more. */
export interface EnvironmentEnded {
  readonly id: string;
  /** null: a spare that was never used. */
  readonly functionName: string | null;
  readonly tenantId: string | null;
  /** Of the bootstrap; null if it could not even be started. */
  readonly pid: number | null;
  readonly reason: EndReason;
  /** The event that it had last, answered or not; null: it had asked for the next one, or none. */
  readonly payload: Buffer | null;
  /** Of the bootstrap. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What all environments of an engine have in common. */
export interface EnvironmentHost {
  readonly clock: Clock;
  readonly log: Log;
  /** null: not built here; what was adopted is then watched through /proc. */
  readonly addon: Addon | null;
  readonly table: ProcessTable;
  readonly ledger: InvocationLedger;
  readonly region: string;
  /** Holds one socket an environment. */
  readonly runtimeDirectory: string;
  /** Holds one directory an environment, named by its id. */
  readonly environmentsDirectory: string;
  readonly initTimeoutMs: number;
  /** Between SIGTERM and SIGKILL for every runtime; null: as AWS, which spares few. */
  readonly graceMs: number | null;
  readonly freezer: Freezer;
  /** Variables that every bootstrap finds: PATH and the like. */
  readonly baseVariables: Readonly<Record<string, string>>;
  codePath(codeKey: string): string;
  freezeChanged(change: FreezeChange): void;
}

export interface EnvironmentEvents {
  /** The bootstrap waits for an invocation; the environment is idle. */
  ready(environment: Environment): void;
  /** It no longer waits, or has begun to end. */
  away(environment: Environment): void;
  /**
   * Adopted, and did not ask for an event in time. It is left alone: it may be busy with what could
   * not be recorded, because the disk was full.
   */
  late(environment: Environment): void;
  responded(environment: Environment): void;
  /** Asked of one that timed out or crashed: whether its `/tmp` is kept for its successor. */
  keepsTemporary(environment: Environment): boolean;
  ended(environment: Environment, ended: EnvironmentEnded): void;
}
