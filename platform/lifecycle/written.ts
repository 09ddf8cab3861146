/**
 * What a record says of a sleep. A write whose outcome was not known may have been applied after
 * all: then the next attempt is rejected, and the record says what it was for.
 */
import type { HostRecord } from "../ports/membership.js";
import type { HostContext } from "./host-context.js";

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

/** Still the life that is known here, and in the hands that it was in. */
export function isOurs(record: HostRecord | null, context: HostContext): boolean {
  if (record === null || record.owner === null) return false;
  if (record.incarnation !== context.record?.incarnation) return false;
  return record.owner === context.settings.nodeId || record.owner === context.lastEnvironment;
}

export function awake(record: HostRecord | null, memory: string | null): boolean {
  return record?.state === "running" && record.owner === memory;
}
