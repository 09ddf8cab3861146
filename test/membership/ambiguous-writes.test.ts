import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { nanoid } from "nanoid";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import { type Fault, type FaultProxy, openFaultProxy } from "./fault-proxy.js";
import { step } from "./outcomes.js";
import { claimOf, firstClaim, registerOf, terminateOf } from "./records.js";
import { clock, deadlineMs, openWorld, random, tableName } from "./world.js";

const opened = openWorld();
test.after.always(async () => (await opened).close());

for (const fault of ["lost-answer", "false-500", "throttle", "lost-request"] satisfies Fault[]) {
  test(`a write is applied exactly once through a ${fault}`, async (t) => {
    const { membership, proxy } = await spoiled(t);
    proxy.faults.push(fault);
    const write = firstClaim({ deployId: nanoid(), host: "web" });
    const outcome = await membership.apply(write, deadlineMs);
    t.is(outcome.result, "applied");
    t.is(outcome.record?.operation, write.operation);
    t.is(outcome.record?.version, 1);
    t.is(proxy.writes.length, 2);
    t.is(proxy.writes[0], proxy.writes[1], "the repetition is identical");
  });
}

test("a write through every fault in a row is applied exactly once", async (t) => {
  const { membership, proxy } = await spoiled(t, 300);
  proxy.faults.push("throttle", "late", "lost-answer", "false-500", "lost-request", "late");
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  const outcome = await membership.apply(write, deadlineMs);
  t.is(outcome.result, "applied");
  t.is(outcome.record?.version, 1);
  t.is(new Set(proxy.writes).size, 1, "all repetitions are identical");
});

test("a rejection stays one when its answer is lost", async (t) => {
  const { membership, proxy } = await spoiled(t);
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  const { record } = await membership.apply(write, deadlineMs);
  proxy.faults.push("lost-answer", "false-500");
  t.deepEqual(await membership.apply({ ...write, operation: nanoid() }, deadlineMs), {
    result: "rejected",
    record,
  });
});

test("a copy that lands after its repetition was applied changes nothing", async (t) => {
  const { membership, proxy } = await spoiled(t, 300);
  const deployId = nanoid();
  const claim = firstClaim({ deployId, host: "web" });
  proxy.faults.push("late");
  const allocating = await step(membership, claim);
  proxy.faults.push("late");
  const running = await step(membership, registerOf(allocating));
  t.deepEqual(await proxy.deliverLate(), [400, 400]);
  t.deepEqual(await membership.read(deployId, "web"), running);

  proxy.faults.push("late");
  const imaginary = await step(membership, terminateOf(running));
  const next = await step(membership, claimOf(imaginary));
  t.deepEqual(await proxy.deliverLate(), [400]);
  t.deepEqual(await membership.read(deployId, "web"), next);
  t.is(next.incarnation, 2);
});

test("a write that lands after its deadline is found by its own repetition", async (t) => {
  const { membership, proxy } = await spoiled(t, 300);
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  await membership.read(write.deployId, write.host);
  proxy.faults.push("late", "late", "late", "late");
  await t.throwsAsync(membership.apply(write, 700), { code: "IM_STORE_FAILED" });
  proxy.faults.length = 0;
  const landed = (await proxy.deliverLate()).filter((status) => status === 200);
  t.is(landed.length, 1);
  const outcome = await membership.apply(write, deadlineMs);
  t.is(outcome.result, "applied");
  t.is(outcome.record?.version, 1);
});

test("what settles a write, and every other read, is a consistent one", async (t) => {
  const { membership, proxy } = await spoiled(t);
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  proxy.faults.push("lost-answer");
  await membership.apply(write, deadlineMs);
  await membership.read(write.deployId, write.host);
  await membership.list(write.deployId);
  t.is(proxy.reads.length, 3);
  for (const body of proxy.reads) t.regex(body, /"ConsistentRead":true/);
});

/** Membership whose writes go through a proxy of this test's own. */
async function spoiled(
  t: ExecutionContext,
  requestMs = 10_000,
): Promise<{ membership: DynamoDbMembership; proxy: FaultProxy }> {
  const { directory, socketPath: tableSocket } = await opened;
  const socketPath = join(directory, `${nanoid(6)}.sock`);
  const proxy = await openFaultProxy(socketPath, { socketPath: tableSocket });
  const client = createDynamoDbClient({ socketPath }, { requestMs });
  t.teardown(async () => {
    client.destroy();
    await proxy.close();
  });
  return { membership: new DynamoDbMembership({ client, tableName, clock, random }), proxy };
}
