/** Where the embedded table and AWS's own code differ: the platform must need neither answer. */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  ensureMembershipTable,
  readTable,
  tagTable,
} from "../../platform/membership/dynamodb-table.js";
import type { Item } from "../../platform/membership/item-codec.js";
import { updateOf } from "../../platform/membership/writes.js";
import { firstClaim, recordIn } from "./records.js";
import { itemOf, put } from "./table-contract.js";
import { clock, random, tableName } from "./world.js";

/** What a table gives back of the item that a condition failed on, when it is asked to. */
export async function oldItemOfFailure(table: {
  readonly client: DynamoDBClient;
}): Promise<Item | undefined> {
  const record = recordIn("running");
  await put(table, itemOf(record));
  const { key, condition, update, names, values } = updateOf(firstClaim(record));
  const command = new UpdateItemCommand({
    TableName: tableName,
    Key: key,
    ConditionExpression: condition,
    UpdateExpression: update,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  try {
    await table.client.send(command);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return error.Item;
    throw error;
  }
  throw new Error("the condition did not fail");
}

/** The tags of a table: those of its creation, then those that it was given. */
export async function tagsOfTable({ client }: { readonly client: DynamoDBClient }) {
  const tags = { "im:deployment": "shop" };
  await ensureMembershipTable({ client, tableName: "tagged", clock, random, tags });
  const created = await readTable(client, "tagged");
  if (created === null) throw new Error("it was only just created");
  await tagTable(client, created, tags);
  return { created: created.tags, given: (await readTable(client, "tagged"))?.tags };
}
