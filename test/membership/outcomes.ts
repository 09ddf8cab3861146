import type { ExecutionContext } from "ava";
import type { HostRecord, Membership, RecordWrite } from "../../platform/ports/membership.js";
import { deadlineMs } from "./world.js";

/** Applies a write that the test takes for granted. */
export async function step(membership: Membership, write: RecordWrite): Promise<HostRecord> {
  const { result, record } = await membership.apply(write, deadlineMs);
  if (result !== "applied") throw new Error(`${write.kind} was rejected`);
  return record;
}

export async function applied(
  t: ExecutionContext,
  membership: Membership,
  write: RecordWrite,
  record: HostRecord,
): Promise<void> {
  t.deepEqual(await membership.apply(write, deadlineMs), { result: "applied", record });
  t.deepEqual(await membership.read(write.deployId, write.host), record);
}

export async function rejected(
  t: ExecutionContext,
  membership: Membership,
  write: RecordWrite,
  record: HostRecord | null,
): Promise<void> {
  t.deepEqual(await membership.apply(write, deadlineMs), { result: "rejected", record });
  t.deepEqual(await membership.read(write.deployId, write.host), record);
}
