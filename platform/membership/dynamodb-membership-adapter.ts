/** Membership's items in a table of DynamoDB: one attempt of each request. */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { ImError } from "../errors/im-error.js";
import type { HostRecord, RecordWrite } from "../ports/membership.js";
import { decodeRecord, type Item, keyOf, partitionPrefix } from "./item-codec.js";
import {
  type Page,
  type RecordTable,
  SettlingMembership,
  type SettlingOptions,
} from "./settling-membership.js";
import { updateOf } from "./writes.js";

export interface DynamoDbMembershipOptions extends SettlingOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

export class DynamoDbMembership extends SettlingMembership<Item> {
  constructor(options: DynamoDbMembershipOptions) {
    super(new DynamoDbTable(options.client, options.tableName), options);
  }
}

class DynamoDbTable implements RecordTable<Item> {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async update(write: RecordWrite, abortSignal: AbortSignal): Promise<HostRecord | null> {
    try {
      const command = new UpdateItemCommand(this.#inputOf(write));
      const output = await this.#client.send(command, { abortSignal });
      return decode(output.Attributes ?? {});
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return null;
      throw error;
    }
  }

  async get(deployId: string, host: string, abortSignal: AbortSignal): Promise<HostRecord | null> {
    const command = new GetItemCommand({
      TableName: this.#tableName,
      Key: keyOf(deployId, host),
      ConsistentRead: true,
    });
    const { Item: item } = await this.#client.send(command, { abortSignal });
    return item === undefined ? null : decode(item);
  }

  /**
   * A scan: it is asked for once, when a supervisor starts, and an index could not be read
   * consistently.
   */
  async page(
    deployId: string,
    from: Item | undefined,
    abortSignal: AbortSignal,
  ): Promise<Page<Item>> {
    const command = new ScanCommand({
      TableName: this.#tableName,
      ConsistentRead: true,
      FilterExpression: "begins_with(#PK, :prefix)",
      ExpressionAttributeNames: { "#PK": "PK" },
      ExpressionAttributeValues: { ":prefix": { S: partitionPrefix(deployId) } },
      ExclusiveStartKey: from,
    });
    const output = await this.#client.send(command, { abortSignal });
    return { records: (output.Items ?? []).map(decode), next: output.LastEvaluatedKey };
  }

  #inputOf(write: RecordWrite): UpdateItemCommandInput {
    const { key, condition, update, names, values } = updateOf(write);
    return {
      TableName: this.#tableName,
      Key: key,
      ConditionExpression: condition,
      UpdateExpression: update,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      ReturnValues: "ALL_NEW",
    };
  }
}

function decode(item: Item): HostRecord {
  try {
    return decodeRecord(item);
  } catch (cause) {
    throw new ImError("IM_STORE_FAILED", {
      what: "an item of the table is not a host's record",
      received: JSON.stringify(item),
      cause,
    });
  }
}
