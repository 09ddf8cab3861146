import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
  type Tag,
  TagResourceCommand,
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
  /** Of a table that is created here. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface TableFacts {
  readonly arn: string;
  readonly createdAt: Date | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** Resolves when the table can be used; idempotent, also across several that start at once. */
export async function ensureMembershipTable(options: MembershipTableOptions): Promise<void> {
  const { client, tableName, clock, random, tags = {}, deadlineMs = 60_000 } = options;
  await new Persistence(clock, random).run(`table ${tableName}`, deadlineMs, async (signal) => {
    const table = await describeTable(client, tableName, signal);
    if (table === null) {
      await createTable(client, tableName, tagList(tags), signal);
      throw new Error("it was only just created");
    }
    if (table.TableStatus !== "ACTIVE" && table.TableStatus !== "UPDATING") {
      throw new Error(`it is ${table.TableStatus}`);
    }
    verifyKeys(table, tableName);
  });
}

/** null: there is none. */
export async function readTable(
  client: DynamoDBClient,
  tableName: string,
): Promise<TableFacts | null> {
  const table = await describeTable(client, tableName);
  if (table === null) return null;
  const arn = table.TableArn ?? "";
  const { Tags = [] } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: arn }));
  const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
  return { arn, createdAt: table.CreationDateTime ?? null, tags };
}

/** The embedded table ignores the tags of a creation. */
export async function tagTable(
  client: DynamoDBClient,
  { arn }: TableFacts,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await client.send(new TagResourceCommand({ ResourceArn: arn, Tags: tagList(tags) }));
}

/** Resolves when the table is gone; one that never was is no error. */
export async function deleteMembershipTable(options: MembershipTableOptions): Promise<void> {
  const { client, tableName, clock, random, deadlineMs = 60_000 } = options;
  await new Persistence(clock, random).run(`table ${tableName}`, deadlineMs, async (signal) => {
    const table = await describeTable(client, tableName, signal);
    if (table === null) return;
    // AWS refuses to delete one that is still being created.
    if (table.TableStatus === "ACTIVE") {
      await client.send(new DeleteTableCommand({ TableName: tableName }), { abortSignal: signal });
    }
    throw new Error(`it is still ${table.TableStatus}`);
  });
}

async function describeTable(
  client: DynamoDBClient,
  tableName: string,
  abortSignal?: AbortSignal,
): Promise<TableDescription | null> {
  try {
    const command = new DescribeTableCommand({ TableName: tableName });
    const options = abortSignal === undefined ? {} : { abortSignal };
    return (await client.send(command, options)).Table ?? null;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
}

async function createTable(
  client: DynamoDBClient,
  tableName: string,
  tags: Tag[],
  abortSignal: AbortSignal,
): Promise<void> {
  const command = new CreateTableCommand({
    TableName: tableName,
    ...(tags.length === 0 ? {} : { Tags: tags }),
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

function tagList(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
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
