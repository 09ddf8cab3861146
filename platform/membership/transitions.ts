/**
 * The transitions of membership as data: what each conditional write requires of the record and
 * what it changes. The DynamoDB adapter renders a plan into expressions (`writes.ts`), the
 * in-memory twin applies it here; the contract suite holds the two against each other.
 *
 *     imaginary|suspended|failed ─claim (incarnation+1)→ allocating ─register→ running
 *     allocating|running ─fail→ failed  allocating|running ─terminate→ imaginary
 *     running ─suspend→ suspended ─resume→ allocating  suspended ─selfResume→ running
 *     suspended ─discard→ imaginary     (the incarnation is kept by all of these)
 *     allocating|running ─takeover (incarnation+1)→ allocating, where nobody renewed it
 *     allocating ─help→ allocating      running ─renew→ running
 *
 * A further transition is a kind of `RecordWrite` and a case of `planOf`; nothing else knows them.
 */
import type { HostRecord, RecordState, RecordWrite, WriteOutcome } from "../ports/membership.js";

/** Every condition pins the incarnation, so that a late copy of a write can revive nothing. */
export interface Requirement {
  readonly states: readonly RecordState[];
  readonly incarnation: number;
  readonly version?: number;
  readonly owner?: string;
  readonly claim?: string;
  readonly memory?: string;
}

/** What a plan may set, beside version and operation, which every write sets. Null removes. */
export type RecordChanges = Partial<
  Omit<HostRecord, "deployId" | "host" | "version" | "operation">
>;

export interface Plan {
  /** null: no item may exist. */
  readonly requires: Requirement | null;
  readonly changes: RecordChanges;
}

const nobodys = { owner: null, node: null } as const;
const claimableStates: readonly RecordState[] = ["imaginary", "suspended", "failed"];

export function planOf(write: RecordWrite): Plan {
  switch (write.kind) {
    case "claim":
      return planClaim(write);
    case "register":
      return {
        requires: { states: ["allocating"], ...write.expected },
        changes: {
          ...{ state: "running", owner: write.owner, claim: null, memory: null },
          ...(write.node === undefined ? {} : { node: write.node }),
        },
      };
    case "fail":
      return {
        // A boot may fail after it registered: its owner writes that, once its guests are gone.
        requires: { states: ["allocating", "running"], ...write.expected },
        changes: {
          state: "failed",
          owner: null,
          node: null,
          claim: null,
          memory: null,
          failure: bounded(write.failure),
        },
      };
    case "terminate":
      return {
        // A boot that was called off has nothing to fail from: its claimer releases the host.
        requires: { states: ["allocating", "running"], ...write.expected },
        changes: { ...nobodys, state: "imaginary", claim: null, memory: null, failure: null },
      };
    case "suspend":
      return {
        requires: { states: ["running"], ...write.expected },
        changes: { state: "suspended", owner: null, memory: write.expected.owner },
      };
    case "takeover":
      return planTakeover(write);
    case "help":
      return {
        requires: { states: ["allocating"], ...write.expected },
        changes: { attempt: write.attempt },
      };
    case "renew":
      return { requires: { states: ["running"], ...write.expected }, changes: {} };
    default:
      return planAsleep(write);
  }
}

function planAsleep(
  write: Extract<RecordWrite, { kind: "resume" | "selfResume" | "discard" }>,
): Plan {
  const requires: Requirement = { states: ["suspended"], ...write.expected };
  switch (write.kind) {
    case "resume": {
      const { owner, claim, leaseMs } = write;
      const node = owner;
      return {
        requires,
        changes: { state: "allocating", owner, node, claim, attempt: 1, leaseMs },
      };
    }
    case "selfResume":
      return {
        requires,
        changes: { state: "running", owner: write.expected.memory, memory: null },
      };
    case "discard":
      return { requires, changes: { state: "imaginary", node: null, memory: null, failure: null } };
    default:
      return write satisfies never;
  }
}

/** The failure stays through a claim: the next one in a row counts on from it. */
function planClaim(write: Extract<RecordWrite, { kind: "claim" }>): Plan {
  const { expected, owner, claim, leaseMs } = write;
  const incarnation = (expected?.incarnation ?? 0) + 1;
  const claimed = { owner, node: owner, claim, attempt: 1, leaseMs } as const;
  const changes = { state: "allocating", incarnation, ...claimed } as const;
  if (expected === null) return { requires: null, changes };
  const requires = { states: claimableStates, ...expected };
  return { requires, changes: { ...changes, memory: null } };
}

/** Memory of a life that may still run somewhere is nobody's any more. */
function planTakeover(write: Extract<RecordWrite, { kind: "takeover" }>): Plan {
  const { expected, owner, claim, leaseMs } = write;
  const incarnation = expected.incarnation + 1;
  const claimed = { owner, node: owner, claim, attempt: 1, leaseMs } as const;
  return {
    requires: { states: ["allocating", "running"], ...expected },
    changes: { state: "allocating", incarnation, ...claimed, memory: null },
  };
}

/** The record after the write, or null where its condition does not hold. */
export function transition(record: HostRecord | null, write: RecordWrite): HostRecord | null {
  const { requires, changes } = planOf(write);
  if (!meets(record, requires)) return null;
  return {
    ...(record ?? neverReal(write)),
    ...changes,
    version: (record?.version ?? 0) + 1,
    operation: write.operation,
  };
}

/**
 * What a failed condition means: the write had been applied before (a repetition, its first answer
 * lost) if the record still bears its operation; otherwise it is rejected. A write that was applied
 * and then overtaken by another also counts as rejected: the record shows what holds now.
 */
export function settle(record: HostRecord | null, write: RecordWrite): WriteOutcome {
  return record?.operation === write.operation
    ? { result: "applied", record }
    : { result: "rejected", record };
}

function meets(record: HostRecord | null, requires: Requirement | null): boolean {
  if (requires === null) return record === null;
  return (
    record !== null &&
    requires.states.includes(record.state) &&
    record.incarnation === requires.incarnation &&
    (requires.version === undefined || record.version === requires.version) &&
    (requires.owner === undefined || record.owner === requires.owner) &&
    (requires.claim === undefined || record.claim === requires.claim) &&
    (requires.memory === undefined || record.memory === requires.memory)
  );
}

function neverReal({ deployId, host, operation }: RecordWrite): HostRecord {
  return {
    deployId,
    host,
    state: "imaginary",
    incarnation: 0,
    version: 0,
    owner: null,
    node: null,
    operation,
    claim: null,
    attempt: 0,
    leaseMs: 0,
    memory: null,
    failure: null,
  };
}

const failureMessageBytesMax = 512;

/** An item stays under 1 KB, and well-formed, whatever a guest had to say. */
function bounded(failure: NonNullable<HostRecord["failure"]>): HostRecord["failure"] {
  const bytes = Buffer.from(failure.message).subarray(0, failureMessageBytesMax);
  // Streaming leaves out a character that the cut went through.
  return { ...failure, message: new TextDecoder().decode(bytes, { stream: true }) };
}
