/**
 * Membership on DynamoDB. A write whose answer is lost is never looked up to learn its fate: it may
 * still land after the look. It is repeated, identical, until it is applied or its condition fails;
 * then the record's operation tells whose write it bears.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { ImError } from "../errors/im-error.js";
import type { Clock } from "../ports/clock.js";
import type { HostRecord, Membership, RecordWrite, WriteOutcome } from "../ports/membership.js";
import type { Random } from "../ports/random.js";
import { InFlight } from "./in-flight.js";
import { decodeRecord, type Item, keyOf, partitionPrefix } from "./item-codec.js";
import { Persistence } from "./persistence.js";
import { settle } from "./transitions.js";
import { updateOf } from "./writes.js";

export interface DynamoDbMembershipOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Of a read, and of each page of a list. */
  readonly readDeadlineMs?: number;
}

/** The embedded table is as fast with 8, 16 or 48, and 4 times slower without a bound. */
const requestsMax = 16;

export class DynamoDbMembership implements Membership {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #persistence: Persistence;
  readonly #readDeadlineMs: number;
  readonly #inFlight = new InFlight(requestsMax);

  constructor(options: DynamoDbMembershipOptions) {
    this.#client = options.client;
    this.#tableName = options.tableName;
    this.#persistence = new Persistence(options.clock, options.random);
    this.#readDeadlineMs = options.readDeadlineMs ?? 10_000;
  }

  async read(deployId: string, host: string): Promise<HostRecord | null> {
    return this.#run(`read of ${host}`, this.#readDeadlineMs, (signal) =>
      this.#get(deployId, host, signal),
    );
  }

  /**
   * A scan: it is asked for once, when a supervisor starts, and an index could not be read
   * consistently.
   */
  async list(deployId: string): Promise<readonly HostRecord[]> {
    const records: HostRecord[] = [];
    let from: Item | undefined;
    do {
      const page = await this.#page(deployId, from);
      records.push(...page.items.map(decode));
      from = page.next;
    } while (from !== undefined);
    return records;
  }

  async apply(write: RecordWrite, deadlineMs: number): Promise<WriteOutcome> {
    const input = this.#inputOf(write);
    const what = `${write.kind} of ${write.host}`;
    return this.#run(what, deadlineMs, async (signal) => {
      const record = await this.#update(input, signal);
      if (record !== null) return { result: "applied", record };
      return settle(await this.#get(write.deployId, write.host, signal), write);
    });
  }

  #run<T>(
    what: string,
    deadlineMs: number,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#persistence.run(what, deadlineMs, (signal) =>
      this.#inFlight.run(signal, () => attempt(signal)),
    );
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

  /** The record after the update; null when its condition failed. */
  async #update(
    input: UpdateItemCommandInput,
    abortSignal: AbortSignal,
  ): Promise<HostRecord | null> {
    try {
      const output = await this.#client.send(new UpdateItemCommand(input), { abortSignal });
      return decode(output.Attributes ?? {});
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return null;
      throw error;
    }
  }

  async #get(deployId: string, host: string, abortSignal: AbortSignal): Promise<HostRecord | null> {
    const command = new GetItemCommand({
      TableName: this.#tableName,
      Key: keyOf(deployId, host),
      ConsistentRead: true,
    });
    const { Item: item } = await this.#client.send(command, { abortSignal });
    return item === undefined ? null : decode(item);
  }

  async #page(
    deployId: string,
    from: Item | undefined,
  ): Promise<{ readonly items: readonly Item[]; readonly next: Item | undefined }> {
    const command = new ScanCommand({
      TableName: this.#tableName,
      ConsistentRead: true,
      FilterExpression: "begins_with(#PK, :prefix)",
      ExpressionAttributeNames: { "#PK": "PK" },
      ExpressionAttributeValues: { ":prefix": { S: partitionPrefix(deployId) } },
      ExclusiveStartKey: from,
    });
    return this.#run("list of hosts", this.#readDeadlineMs, async (abortSignal) => {
      const output = await this.#client.send(command, { abortSignal });
      return { items: output.Items ?? [], next: output.LastEvaluatedKey };
    });
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
