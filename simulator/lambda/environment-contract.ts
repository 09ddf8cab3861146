/** What an environment is to the engine around it. */
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import type { Addon } from "../../shim/index.js";
import type { Environment } from "./environment.js";
import type { InvocationLedger } from "./invocation-ledger.js";
import type { ProcessTable } from "./process-table.js";

export type EnvironmentState = "init" | "idle" | "busy" | "ended";

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
  readonly graceMs: number;
  /** Variables that every bootstrap finds: PATH and the like. */
  readonly baseVariables: Readonly<Record<string, string>>;
  codePath(codeKey: string): string;
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
  ended(environment: Environment, ended: EnvironmentEnded): void;
}
