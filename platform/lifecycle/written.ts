/**
 * What a record says of a sleep. A write whose outcome was not known may have been applied after
 * all: then the next attempt is rejected, and the record says what it was for.
 */
import type { HostRecord } from "../ports/membership.js";

/** `memory`: boot id of the environment that is meant. */
export function sleeping(record: HostRecord | null, memory: string | null): boolean {
  return record?.state === "suspended" && record.memory === memory;
}

export function beingResumed(
  record: HostRecord | null,
  memory: string | null,
  nodeId: string,
): boolean {
  return record?.state === "allocating" && record.memory === memory && record.owner === nodeId;
}

export function awake(record: HostRecord | null, memory: string | null): boolean {
  return record?.state === "running" && record.owner === memory;
}
