import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import test from "ava";
import { nanoid } from "nanoid";
import { ImError } from "../../platform/errors/im-error.js";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import { ensureMembershipTable } from "../../platform/membership/dynamodb-table.js";
import {
  attributeNames,
  encodeValue,
  fieldNames,
  type Item,
  keyOf,
} from "../../platform/membership/item-codec.js";
import type { HostRecord } from "../../platform/ports/membership.js";
import { membershipContract } from "./contract.js";
import { firstClaim, recordIn } from "./records.js";
import { clock, openWorld, random, tableName, type World } from "./world.js";

const warnings: string[] = [];
process.on("warning", (warning) => warnings.push(warning.message));

const opened = openWorld();
test.after.always(async () => (await opened).close());

membershipContract(async (records) => {
  const world = await opened;
  for (const record of records) await put(world, itemOf(record));
  return world.membership;
});

test("a write to a store that never answers fails when its deadline has passed", async (t) => {
  const { directory } = await opened;
  const client = createDynamoDbClient({ socketPath: `${directory}/nobody.sock` });
  const membership = new DynamoDbMembership({ client, tableName, clock, random });
  const before = clock.monotonicMs();
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  const error = await t.throwsAsync(membership.apply(write, 150), { instanceOf: ImError });
  t.is(error.code, "IM_STORE_FAILED");
  t.regex(error.message, /claim of web: no answer within 150 ms/);
  t.regex(error.details.received ?? "", /ENOENT/);
  t.true(clock.monotonicMs() - before < 2000);
  client.destroy();
});

test("a write that the store refuses for good fails at once", async (t) => {
  const { client } = await opened;
  const membership = new DynamoDbMembership({ client, tableName: "absent", clock, random });
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  const error = await t.throwsAsync(membership.apply(write, 600_000), { instanceOf: ImError });
  t.is(error.code, "IM_STORE_FAILED");
});

test("an item that is not a host's record is an error, not a guess", async (t) => {
  const world = await opened;
  const deployId = nanoid();
  await put(world, { ...keyOf(deployId, "web"), st: { S: "asleep" } });
  const error = await t.throwsAsync(world.membership.read(deployId, "web"), {
    instanceOf: ImError,
  });
  t.is(error.code, "IM_STORE_FAILED");
});

test("several supervisors that start at once end up with one table", async (t) => {
  const { client } = await opened;
  const table = { client, tableName: "together", clock, random };
  await t.notThrowsAsync(
    Promise.all(Array.from({ length: 4 }, () => ensureMembershipTable(table))),
  );
});

test("a list of more than one page is complete", async (t) => {
  const { membership, client } = await opened;
  const deployId = nanoid();
  const padding: Item = { pad: { S: "x".repeat(300_000) } };
  const hosts = ["a", "b", "c", "d", "e"];
  for (const host of hosts) {
    const item = { ...itemOf(recordIn("running", { deployId, host })), ...padding };
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
  }
  const records = await membership.list(deployId);
  t.deepEqual(records.map(({ host }) => host).sort(), hosts);
});

test.serial("the SDK's warnings do not reach the user", async (t) => {
  await opened;
  t.deepEqual(warnings, []);
});

function itemOf(record: HostRecord): Item {
  const item = keyOf(record.deployId, record.host);
  for (const field of fieldNames) {
    const value = record[field];
    if (value !== null) item[attributeNames[field]] = encodeValue(value);
  }
  return item;
}

async function put({ client }: World, item: Item): Promise<void> {
  await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
}
