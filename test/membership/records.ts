import { nanoid } from "nanoid";
import type { HostRecord, RecordState, RecordWrite } from "../../platform/ports/membership.js";

/** A record that nothing but its own transitions may bring about; `changes` says what matters. */
export function recordIn(state: RecordState, changes: Partial<HostRecord> = {}): HostRecord {
  const owned = state === "allocating" || state === "running";
  return {
    deployId: nanoid(),
    host: "web",
    state,
    incarnation: 7,
    version: 30,
    owner: owned ? "owner" : null,
    node: owned || state === "suspended" ? "node" : null,
    operation: nanoid(),
    claim: state === "allocating" ? "claim" : null,
    attempt: 1,
    leaseMs: 10_000,
    memory: state === "suspended" ? "boot" : null,
    failure: state === "failed" ? { code: "IM_BOOT_TIMEOUT", message: "late", count: 2 } : null,
    ...changes,
  };
}

type At = Pick<HostRecord, "deployId" | "host">;

export function claimOf(record: HostRecord): RecordWrite {
  return { ...firstClaim(record), expected: pinned(record) };
}

export function firstClaim({ deployId, host }: At): Extract<RecordWrite, { kind: "claim" }> {
  const operation = nanoid();
  const claim = nanoid();
  const owner = "node";
  return { kind: "claim", deployId, host, operation, expected: null, owner, claim, leaseMs: 9000 };
}

export function registerOf(
  record: HostRecord,
  owner = "boot",
): Extract<RecordWrite, { kind: "register" }> {
  const { deployId, host, incarnation, claim } = record;
  const expected = { incarnation, claim: claim ?? "none" };
  return { kind: "register", deployId, host, operation: nanoid(), expected, owner };
}

export function failOf(record: HostRecord, message = "it did not listen"): RecordWrite {
  const { deployId, host } = record;
  const failure = { code: "IM_BOOT_TIMEOUT", message, count: 3 };
  const expected = { ...pinned(record), owner: record.owner ?? "nobody" };
  return { kind: "fail", deployId, host, operation: nanoid(), expected, failure };
}

export function terminateOf(record: HostRecord): RecordWrite {
  const { deployId, host } = record;
  const expected = { ...pinned(record), owner: record.owner ?? "nobody" };
  return { kind: "terminate", deployId, host, operation: nanoid(), expected };
}

export function suspendOf(record: HostRecord): RecordWrite {
  const { deployId, host } = record;
  const expected = { ...pinned(record), owner: record.owner ?? "nobody" };
  return { kind: "suspend", deployId, host, operation: nanoid(), expected };
}

export function resumeOf(record: HostRecord): Extract<RecordWrite, { kind: "resume" }> {
  return {
    ...asleep(record),
    kind: "resume",
    owner: "node",
    claim: nanoid(),
    leaseMs: 9000,
  };
}

export function selfResumeOf(record: HostRecord): RecordWrite {
  return { ...asleep(record), kind: "selfResume" };
}

export function discardOf(record: HostRecord): RecordWrite {
  return { ...asleep(record), kind: "discard" };
}

export function takeoverOf(record: HostRecord): Extract<RecordWrite, { kind: "takeover" }> {
  const { deployId, host } = record;
  const claimed = { owner: "taker", claim: nanoid(), leaseMs: 9000 };
  const expected = pinned(record);
  return { kind: "takeover", deployId, host, operation: nanoid(), expected, ...claimed };
}

export function helpOf(record: HostRecord): RecordWrite {
  const { deployId, host, attempt } = record;
  const expected = pinned(record);
  return { kind: "help", deployId, host, operation: nanoid(), expected, attempt: attempt + 1 };
}

export function renewOf(record: HostRecord): RecordWrite {
  const { deployId, host } = record;
  const expected = { ...pinned(record), owner: record.owner ?? "nobody" };
  return { kind: "renew", deployId, host, operation: nanoid(), expected };
}

function asleep(record: HostRecord) {
  const { deployId, host, memory } = record;
  const expected = { ...pinned(record), memory: memory ?? "none" };
  return { deployId, host, operation: nanoid(), expected };
}

function pinned({ incarnation, version }: HostRecord) {
  return { incarnation, version };
}
