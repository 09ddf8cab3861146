/**
 * The membership protocol as a pure function: which conditional write a wish calls for, seen from
 * the last known record. Nothing is read, timed or drawn here; tokens come in with the wish.
 */
import type { HostRecord, RecordFailure, RecordWrite } from "../ports/membership.js";

/** As the machine has it. */
export type TransactWish =
  | { readonly type: "release" | "suspend" | "resume" | "selfResume" | "discard" }
  /** `displaces`: also a life that sleeps on another node. */
  | { readonly type: "claim"; readonly displaces: boolean }
  | { readonly type: "takeover" | "help" | "renew" }
  | { readonly type: "register"; readonly owner: string }
  | { readonly type: "fail"; readonly code: string; readonly message: string };

export type Wish =
  /** Somebody needs the host and this supervisor wants to boot it. */
  | {
      readonly type: "claim";
      readonly displaces: boolean;
      readonly owner: string;
      readonly claim: string;
      readonly leaseMs: number;
    }
  /** Whoever had it let its lease run out. */
  | {
      readonly type: "takeover";
      readonly owner: string;
      readonly claim: string;
      readonly leaseMs: number;
    }
  /** Its claimer may have died before it invoked: it is invoked once more, for the same claim. */
  | { readonly type: "help" }
  /** It serves on. */
  | { readonly type: "renew" }
  /** The environment that was invoked for this claim is there. */
  | { readonly type: "register"; readonly owner: string; readonly node?: string }
  /** The boot did not work out; nothing of it runs any more. */
  | { readonly type: "fail"; readonly code: string; readonly message: string }
  /** The guests are gone. */
  | { readonly type: "release" }
  /** The host is idle, and its guests are about to be frozen. */
  | { readonly type: "suspend" }
  /** Somebody needs the host, and its environment still has its memory. */
  | {
      readonly type: "resume";
      readonly owner: string;
      readonly claim: string;
      readonly leaseMs: number;
    }
  /** It was needed again before its environment had slept. */
  | { readonly type: "selfResume" }
  /** The environment that had its memory is gone. */
  | { readonly type: "discard" };

/** A wish of the machine with what only its supervisor can give it. */
export function completeWish(
  wish: TransactWish,
  claim: { readonly owner: string; readonly claim: string; readonly leaseMs: number },
): Wish {
  const { type } = wish;
  if (type === "claim") return { ...wish, ...claim };
  if (type === "resume" || type === "takeover") return { type, ...claim };
  if (type === "register") return { ...wish, node: claim.owner };
  if (type === "fail") return wish;
  return { type };
}

export interface Identity {
  readonly deployId: string;
  readonly host: string;
  /** Fresh for this decision: tells an ambiguous write of ours from another's. */
  readonly operation: string;
}

export type Decision =
  | { readonly type: "write"; readonly write: RecordWrite }
  /** The record says that somebody else has the host, or that it moved on: no write applies. */
  | { readonly type: "refuse"; readonly reason: string };

export function decide(record: HostRecord | null, wish: Wish, identity: Identity): Decision {
  switch (wish.type) {
    case "claim":
      return decideClaim(record, wish, identity);
    case "register":
      return decideRegister(record, wish, identity);
    case "takeover":
    case "help":
    case "renew":
      return decideShared(record, wish, identity);
    case "fail":
      return decideFail(record, wish, identity);
    case "release":
      return decideRelease(record, identity);
    case "suspend":
      return decideSuspend(record, identity);
    default:
      return decideAsleep(record, wish, identity);
  }
}

export function claimable(record: HostRecord | null): boolean {
  return record === null || (record.state !== "allocating" && record.state !== "running");
}

/** Another node has the host, or its memory. */
export function isElsewhere(record: HostRecord | null, nodeId: string): boolean {
  if (record === null || record.node === null || record.node === nodeId) return false;
  return !claimable(record) || asleep(record);
}

/** Its memory is kept; whoever needs the host resumes it. */
export function asleep(record: HostRecord | null): boolean {
  return record?.state === "suspended" && record.memory !== null;
}

function decideClaim(
  record: HostRecord | null,
  wish: Extract<Wish, { type: "claim" }>,
  identity: Identity,
): Decision {
  if (record !== null && !claimable(record)) {
    return refuse(`it is ${record.state} in the hands of ${record.owner}`);
  }
  if (!wish.displaces && isElsewhere(record, wish.owner)) {
    return refuse(`it sleeps on ${record?.node}`);
  }
  const expected =
    record === null ? null : { incarnation: record.incarnation, version: record.version };
  const { owner, claim, leaseMs } = wish;
  return write({ ...identity, kind: "claim", expected, owner, claim, leaseMs });
}

function decideRegister(
  record: HostRecord | null,
  { owner, node }: Extract<Wish, { type: "register" }>,
  identity: Identity,
): Decision {
  if (record?.state !== "allocating" || record.claim === null) return refuse("no claim is open");
  const { incarnation, claim, memory } = record;
  if (memory !== null && memory !== owner) return refuse("its memory is in another environment");
  const expected = { incarnation, claim, ...(memory === null ? {} : { memory }) };
  const where = node === undefined ? {} : { node };
  return write({ ...identity, kind: "register", expected, owner, ...where });
}

function decideShared(
  record: HostRecord | null,
  wish: Extract<Wish, { type: "takeover" | "help" | "renew" }>,
  identity: Identity,
): Decision {
  if (record === null || claimable(record)) return refuse("nobody holds it");
  const { incarnation, version, state, attempt } = record;
  const expected = { incarnation, version };
  if (wish.type === "takeover") {
    const { owner, claim, leaseMs } = wish;
    return write({ ...identity, kind: "takeover", expected, owner, claim, leaseMs });
  }
  if (wish.type === "help") {
    if (state !== "allocating") return refuse("no claim is open");
    return write({ ...identity, kind: "help", expected, attempt: attempt + 1 });
  }
  const own = owned(record);
  if (own === null || state !== "running") return refuse("it does not run");
  return write({ ...identity, kind: "renew", expected: own });
}

function decideFail(
  record: HostRecord | null,
  wish: Extract<Wish, { type: "fail" }>,
  identity: Identity,
): Decision {
  const expected = owned(record);
  if (expected === null) return refuse("this supervisor does not hold the host");
  const failure: RecordFailure = {
    code: wish.code,
    message: wish.message,
    count: (record?.failure?.count ?? 0) + 1,
  };
  return write({ ...identity, kind: "fail", expected, failure });
}

function decideRelease(record: HostRecord | null, identity: Identity): Decision {
  const expected = owned(record);
  if (expected === null) return refuse("this supervisor does not hold the host");
  return write({ ...identity, kind: "terminate", expected });
}

function decideSuspend(record: HostRecord | null, identity: Identity): Decision {
  const expected = owned(record);
  if (expected === null || record?.state !== "running") return refuse("it does not run");
  return write({ ...identity, kind: "suspend", expected });
}

function decideAsleep(
  record: HostRecord | null,
  wish: Extract<Wish, { type: "resume" | "selfResume" | "discard" }>,
  identity: Identity,
): Decision {
  if (record?.state !== "suspended" || record.memory === null) return refuse("it does not sleep");
  const { incarnation, version, memory } = record;
  const expected = { incarnation, version, memory };
  if (wish.type !== "resume") return write({ ...identity, kind: wish.type, expected });
  const { owner, claim, leaseMs } = wish;
  return write({ ...identity, kind: "resume", expected, owner, claim, leaseMs });
}

function owned(record: HostRecord | null) {
  if (record === null || record.owner === null) return null;
  if (record.state !== "allocating" && record.state !== "running") return null;
  return { incarnation: record.incarnation, version: record.version, owner: record.owner };
}

const write = (decided: RecordWrite): Decision => ({ type: "write", write: decided });
const refuse = (reason: string): Decision => ({ type: "refuse", reason });

/** Wait before a host that failed `count` times in a row is booted again. */
export function backOffMs(count: number): number {
  const firstMs = 500;
  const mostMs = 60_000;
  return Math.min(mostMs, firstMs * 2 ** Math.min(count - 1, 16));
}
