/**
 * Who lives where, in which incarnation. One item a host that was ever real; every transition is
 * one conditional write. Source of the protocol: ARCHITECTURE.md, "Membership".
 */
export type RecordState = "imaginary" | "allocating" | "running" | "suspended" | "failed";

export interface HostRecord {
  readonly deployId: string;
  readonly host: string;
  readonly state: RecordState;
  /** One life of the host; only grows, never reset. */
  readonly incarnation: number;
  /** +1 on every write. */
  readonly version: number;
  /** While allocating the claimer's node id, while running the environment's boot id. */
  readonly owner: string | null;
  /** The node that the host lives on, or is to; while it sleeps, too. */
  readonly node: string | null;
  /** Unique token of the last write: tells whether an ambiguous write was ours. */
  readonly operation: string;
  /** Nonce of the claim, while allocating. */
  readonly claim: string | null;
  /** How often this incarnation was invoked. */
  readonly attempt: number;
  readonly leaseMs: number;
  /** Boot id of the environment whose frozen memory is current. */
  readonly memory: string | null;
  readonly failure: RecordFailure | null;
}

export interface RecordFailure {
  readonly code: string;
  readonly message: string;
  /** Failures in a row: what the back-off grows with. */
  readonly count: number;
}

interface WriteBase {
  readonly deployId: string;
  readonly host: string;
  /** Fresh for each decision, the same for each repetition of it. */
  readonly operation: string;
}

/** The conditional writes; `expected` names what the condition pins. */
export type RecordWrite =
  | (WriteBase & {
      readonly kind: "claim";
      /** null: no item may exist. Otherwise incarnation and version must match, and the state be
       * imaginary, suspended or failed. Sets allocating, incarnation + 1; removes memory. */
      readonly expected: { readonly incarnation: number; readonly version: number } | null;
      readonly owner: string;
      readonly claim: string;
      readonly leaseMs: number;
    })
  | (WriteBase & {
      readonly kind: "register";
      /** State allocating. Sets running, owner; removes claim and memory. A life that is resumed
       * has `memory`: only the environment that holds it may register. */
      readonly expected: {
        readonly incarnation: number;
        readonly claim: string;
        readonly memory?: string;
      };
      readonly owner: string;
      /** Absent: as the claim has it. */
      readonly node?: string;
    })
  | (WriteBase & {
      readonly kind: "fail";
      /** State allocating or running (a boot may fail after it registered). Sets failed, failure;
       * removes owner, claim and memory. register keeps failure: failures in a row add up. */
      readonly expected: {
        readonly incarnation: number;
        readonly version: number;
        readonly owner: string;
      };
      readonly failure: RecordFailure;
    })
  | (WriteBase & {
      readonly kind: "terminate";
      /** State running or allocating. Sets imaginary; removes owner, claim, memory, failure. */
      readonly expected: {
        readonly incarnation: number;
        readonly version: number;
        readonly owner: string;
      };
    })
  | (WriteBase & {
      readonly kind: "suspend";
      /** State running. Sets suspended, memory to the owner; removes owner. */
      readonly expected: {
        readonly incarnation: number;
        readonly version: number;
        readonly owner: string;
      };
    })
  | (WriteBase & {
      readonly kind: "resume";
      /** A claim of a life that sleeps: state suspended. Sets allocating, owner, claim; the
       * incarnation and the memory stay. */
      readonly expected: ExpectedMemory;
      readonly owner: string;
      readonly claim: string;
      readonly leaseMs: number;
    })
  | (WriteBase & {
      readonly kind: "selfResume";
      /** It was needed before it slept: state suspended. Sets running, owner to the memory's;
       * removes memory. */
      readonly expected: ExpectedMemory;
    })
  | (WriteBase & {
      readonly kind: "discard";
      /** Its environment is gone: state suspended. Sets imaginary; removes memory and failure. */
      readonly expected: ExpectedMemory;
    })
  | (WriteBase & {
      readonly kind: "takeover";
      /** State allocating or running, and unchanged for longer than its lease. Sets as a claim
       * does. */
      readonly expected: ExpectedRecord;
      readonly owner: string;
      readonly claim: string;
      readonly leaseMs: number;
    })
  | (WriteBase & {
      readonly kind: "help";
      /** State allocating: its claimer may have died before it invoked. Sets attempt. */
      readonly expected: ExpectedRecord;
      readonly attempt: number;
    })
  | (WriteBase & {
      readonly kind: "renew";
      /** State running. Sets nothing but version and operation: its lease begins anew. */
      readonly expected: ExpectedRecord & { readonly owner: string };
    });

interface ExpectedRecord {
  readonly incarnation: number;
  readonly version: number;
}

interface ExpectedMemory {
  readonly incarnation: number;
  readonly version: number;
  readonly memory: string;
}

/** `rejected` carries the item as read after the failed condition, null if there is none. */
export type WriteOutcome =
  | { readonly result: "applied"; readonly record: HostRecord }
  | { readonly result: "rejected"; readonly record: HostRecord | null };

export interface Membership {
  read(deployId: string, host: string): Promise<HostRecord | null>;
  /** All items of a deployment, in no particular order. */
  list(deployId: string): Promise<readonly HostRecord[]>;
  /**
   * Applies one conditional write. An ambiguous failure (time-out, lost connection) is settled
   * inside by repeating the identical write until it is known to be applied or rejected.
   * Rejects with `ImError` IM_STORE_FAILED when `deadlineMs` (a duration) has passed without that.
   */
  apply(write: RecordWrite, deadlineMs: number): Promise<WriteOutcome>;
}
