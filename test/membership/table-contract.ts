/** What `DynamoDbMembership` does on every table: the contract of the port, and what items add. */
import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import test from "ava";
import { nanoid } from "nanoid";
import { ImError } from "../../platform/errors/im-error.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import {
  deleteMembershipTable,
  ensureMembershipTable,
  readTable,
} from "../../platform/membership/dynamodb-table.js";
import {
  attributeNames,
  encodeValue,
  fieldNames,
  type Item,
  keyOf,
} from "../../platform/membership/item-codec.js";
import { Persistence } from "../../platform/membership/persistence.js";
import type { HostRecord } from "../../platform/ports/membership.js";
import { membershipContract } from "./contract.js";
import { firstClaim, recordIn } from "./records.js";
import { clock, deadlineMs, random, tableName } from "./world.js";

export interface Table {
  readonly client: DynamoDBClient;
  readonly membership: DynamoDbMembership;
}

export function tableContract(opened: Promise<Table>): void {
  membershipContract(async (records) => {
    const table = await opened;
    for (const record of records) await put(table, itemOf(record));
    return table.membership;
  });

  test("a write that the store refuses for good fails at once", async (t) => {
    const { client } = await opened;
    const membership = new DynamoDbMembership({ client, tableName: "absent", clock, random });
    const write = firstClaim({ deployId: nanoid(), host: "web" });
    const error = await t.throwsAsync(membership.apply(write, 600_000), { instanceOf: ImError });
    t.is(error.code, "IM_STORE_FAILED");
  });

  test("an item that is not a host's record is an error, not a guess", async (t) => {
    const table = await opened;
    const deployId = nanoid();
    await put(table, { ...keyOf(deployId, "web"), st: { S: "asleep" } });
    const error = await t.throwsAsync(table.membership.read(deployId, "web"), {
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

  test("a table is gone after its deletion, which may be repeated", async (t) => {
    const { client } = await opened;
    const table = { client, tableName: "passing", clock, random };
    await ensureMembershipTable(table);
    await deleteMembershipTable(table);
    t.is(await readTable(client, table.tableName), null);
    await t.notThrowsAsync(deleteMembershipTable(table));
  });

  test("a list of more than one page is complete", async (t) => {
    const table = await opened;
    const deployId = nanoid();
    const padding: Item = { pad: { S: "x".repeat(300_000) } };
    const hosts = ["a", "b", "c", "d", "e"];
    for (const host of hosts) {
      await put(table, { ...itemOf(recordIn("running", { deployId, host })), ...padding });
    }
    const records = await table.membership.list(deployId);
    t.deepEqual(records.map(({ host }) => host).sort(), hosts);
  });
}

export function itemOf(record: HostRecord): Item {
  const item = keyOf(record.deployId, record.host);
  for (const field of fieldNames) {
    const value = record[field];
    if (value !== null) item[attributeNames[field]] = encodeValue(value);
  }
  return item;
}

/** Patiently: an item of a test is no test of the store's speed. */
export async function put({ client }: Pick<Table, "client">, item: Item): Promise<void> {
  const command = new PutItemCommand({ TableName: tableName, Item: item });
  await new Persistence(clock, random).run("put", deadlineMs, (abortSignal) =>
    client.send(command, { abortSignal }),
  );
}
