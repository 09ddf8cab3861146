import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import { ImError } from "../errors/im-error.js";
import type { Clock } from "../ports/clock.js";
import type { Random } from "../ports/random.js";
import { keySchema } from "./item-codec.js";
import { Persistence } from "./persistence.js";

export interface MembershipTableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
  readonly random: Random;
  /** A table takes seconds to become active on AWS. */
  readonly deadlineMs?: number;
}

/** Resolves when the table can be used; idempotent, also across several that start at once. */
export async function ensureMembershipTable(options: MembershipTableOptions): Promise<void> {
  const { client, tableName, clock, random, deadlineMs = 60_000 } = options;
  await new Persistence(clock, random).run(`table ${tableName}`, deadlineMs, async (signal) => {
    const table = await describeTable(client, tableName, signal);
    if (table === null) {
      await createTable(client, tableName, signal);
      throw new Error("it was only just created");
    }
    if (table.TableStatus !== "ACTIVE" && table.TableStatus !== "UPDATING") {
      throw new Error(`it is ${table.TableStatus}`);
    }
    verifyKeys(table, tableName);
  });
}

async function describeTable(
  client: DynamoDBClient,
  tableName: string,
  abortSignal: AbortSignal,
): Promise<TableDescription | null> {
  try {
    const command = new DescribeTableCommand({ TableName: tableName });
    return (await client.send(command, { abortSignal })).Table ?? null;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
}

async function createTable(
  client: DynamoDBClient,
  tableName: string,
  abortSignal: AbortSignal,
): Promise<void> {
  const command = new CreateTableCommand({
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [...keySchema],
    AttributeDefinitions: keySchema.map(({ AttributeName }) => ({
      AttributeName,
      AttributeType: "S",
    })),
  });
  try {
    await client.send(command, { abortSignal });
  } catch (error) {
    // Somebody else, or a repetition of ours, was first.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}

function verifyKeys(table: TableDescription, tableName: string): void {
  const expected = JSON.stringify(keySchema);
  const received = JSON.stringify(
    (table.KeySchema ?? []).map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
  );
  if (received === expected) return;
  throw new ImError("IM_STORE_FAILED", {
    what: `table ${tableName} belongs to something else`,
    expected: `keys ${expected}`,
    received: `keys ${received}`,
    fix: "choose another table name",
  });
}
