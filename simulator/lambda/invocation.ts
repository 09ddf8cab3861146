import type { FunctionRecord } from "./function-record.js";

export type InvocationOutcome =
  | { readonly result: "response" | "error"; readonly payload: Buffer; readonly logTail?: Buffer }
  /** The function was deleted or the engine closed: nobody waits for it any more. */
  | { readonly result: "cancelled" };

/** One attempt to have an environment handle one event. */
export interface Invocation {
  readonly requestId: string;
  /** As it was when the event was accepted. */
  readonly record: FunctionRecord;
  readonly functionArn: string;
  readonly tenantId: string | null;
  /** null: under way since before this engine, for a caller that is gone. */
  readonly payload: Buffer | null;
  /** JSON of the caller's, for the runtime. */
  readonly clientContext: string | null;
  /** Monotonic; an event that is older when its turn comes is dropped. null: never. */
  readonly expiresAtMs: number | null;
  /** Called exactly once. */
  settle(outcome: InvocationOutcome): void;
}

export function isExpired({ expiresAtMs }: Invocation, monotonicMs: number): boolean {
  return expiresAtMs !== null && monotonicMs > expiresAtMs;
}

/** What a caller gets in place of a response when the function failed. */
export function errorOutcome(errorType: string, errorMessage: string): InvocationOutcome {
  return { result: "error", payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

/** Whom an environment that had this event belongs to. */
export function ownerOf({ record, tenantId }: Pick<Invocation, "record" | "tenantId">): string {
  return `${record.name} ${tenantId ?? ""}`;
}
