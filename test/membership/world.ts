/** An embedded DynamoDB with its table in a directory of its own, and membership on it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { nanoid } from "nanoid";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import { ensureMembershipTable } from "../../platform/membership/dynamodb-table.js";
import type { Log } from "../../platform/ports/log.js";
import type { Random } from "../../platform/ports/random.js";
import { type EmbeddedDynamoDb, startDynamoDb } from "../../simulator/dynamodb/start-dynamodb.js";

export const clock = systemClock;
export const random: Random = { id: () => nanoid(), uniform: () => 0.5 };
export const tableName = "hosts";
export const deadlineMs = 20_000;

export const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
};

export interface World {
  readonly directory: string;
  readonly socketPath: string;
  readonly dynamoDb: EmbeddedDynamoDb;
  readonly client: DynamoDBClient;
  readonly membership: DynamoDbMembership;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const { directory, remove } = await scratch();
  const socketPath = join(directory, "db.sock");
  const dynamoDb = await start(join(directory, "table"), socketPath);
  const client = createDynamoDbClient({ socketPath });
  await ensureMembershipTable({ client, tableName, clock, random });
  const membership = new DynamoDbMembership({ client, tableName, clock, random });
  const close = async () => {
    client.destroy();
    await dynamoDb.close();
    await remove();
  };
  return { directory, socketPath, dynamoDb, client, membership, close };
}

export function start(directory: string, socketPath: string): Promise<EmbeddedDynamoDb> {
  return startDynamoDb({ directory, socketPath, clock, random, log: quiet });
}

export async function scratch(): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "im-membership-"));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
