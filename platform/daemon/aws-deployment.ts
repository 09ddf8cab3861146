/**
 * A deployment on AWS: a table, and a function a class. What exists there is read each time and
 * brought in line, so that a deploy that was cut off is finished by the next one.
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { onAws } from "../cloud/aws-error.js";
import type { AwsFunctions } from "../cloud/aws-functions-adapter.js";
import {
  changesOf,
  type ExistingFunction,
  type FunctionChange,
  type HostFunction,
  refuseForeign,
  tagNames,
} from "../cloud/host-function.js";
import { ImError } from "../errors/im-error.js";
import {
  deleteMembershipTable,
  ensureMembershipTable,
  readTable,
  type TableFacts,
  tagTable,
} from "../membership/dynamodb-table.js";
import { InFlight } from "../membership/in-flight.js";
import type { Clock } from "../ports/clock.js";
import type { Random } from "../ports/random.js";
import { functionNamePrefix } from "./declared-hosts.js";

export interface AwsParts {
  readonly deployment: string;
  readonly functions: AwsFunctions;
  readonly dynamoDb: DynamoDBClient;
  readonly clock: Clock;
  readonly random: Random;
}

export interface FunctionPlan {
  readonly name: string;
  readonly action: "create" | "update" | "keep" | "delete";
  /** What an update is made of. */
  readonly changes: readonly FunctionChange[];
}

export interface AwsPlan {
  readonly table: { readonly name: string; readonly action: "create" | "keep" };
  /** Those that are wanted, in their order, then those that are not any more. */
  readonly functions: readonly FunctionPlan[];
}

export interface FunctionStatus {
  readonly name: string;
  readonly class: string;
  readonly hosts: number;
  /** As Lambda says it: Pending, Active, Inactive, Failed. */
  readonly state: string;
  readonly memoryMb: number;
  readonly codeBytes: number;
  readonly modified: string;
}

export interface AwsStatus {
  readonly functions: readonly FunctionStatus[];
  /** null: there is none. */
  readonly table: string | null;
}

/** Lambda's control plane takes 15 requests a second, of a whole account. */
const changesMax = 4;

export class AwsDeployment {
  readonly tableName: string;
  readonly #parts: AwsParts;

  constructor(parts: AwsParts) {
    this.#parts = parts;
    this.tableName = tableNameOf(parts.deployment);
  }

  /** Reads only. Rejects with IM_CLOUD_CONFLICT where a name is taken by somebody else's. */
  async plan(wanted: readonly HostFunction[]): Promise<AwsPlan> {
    const [table, existing] = await Promise.all([this.#ownTable(), this.#existing()]);
    return planOf(this.#parts.deployment, wanted, existing, table);
  }

  /** Carries a plan out. Rejects with all that failed; the rest is done. */
  async apply(plan: AwsPlan, wanted: readonly HostFunction[]): Promise<void> {
    const { functions } = this.#parts;
    if (plan.table.action === "create") await this.#createTable();
    const byName = new Map(wanted.map((one) => [one.name, one]));
    await eachOf(plan.functions, async ({ name, action }) => {
      const one = byName.get(name);
      if (action === "delete") await functions.delete(name);
      else if (action !== "keep" && one !== undefined) await functions.ensure(one);
    });
  }

  async status(): Promise<AwsStatus> {
    const [table, existing] = await Promise.all([this.#ownTable(), this.#existing()]);
    const functions = [...existing.values()].filter((one) => this.#isOwn(one)).map(statusOf);
    return { functions, table: table === null ? null : this.tableName };
  }

  /** Resolves when functions and table are gone. What is not the deployment's own is left alone. */
  async down(): Promise<void> {
    const { functions, dynamoDb, clock, random } = this.#parts;
    const own = [...(await this.#existing())].filter(([, one]) => this.#isOwn(one));
    await eachOf(own, ([name]) => functions.delete(name));
    if ((await this.#ownTable()) === null) return;
    const table = { client: dynamoDb, tableName: this.tableName, clock, random };
    await onAws(`delete the table ${this.tableName}`, () => deleteMembershipTable(table));
  }

  async #existing(): Promise<ReadonlyMap<string, ExistingFunction>> {
    const { deployment, functions } = this.#parts;
    const names = await functions.names(functionNamePrefix(deployment));
    const existing = new Map<string, ExistingFunction>();
    await eachOf(names, async (name) => {
      const found = await functions.read(name);
      if (found !== null) existing.set(name, found);
    });
    return new Map([...existing].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #isOwn({ tags }: ExistingFunction): boolean {
    return tags[tagNames.deployment] === this.#parts.deployment;
  }

  /** null: there is none. */
  async #ownTable(): Promise<TableFacts | null> {
    const { deployment, dynamoDb } = this.#parts;
    const table = await this.#readTable(dynamoDb);
    const owner = table?.tags[tagNames.deployment];
    if (table === null || owner === deployment) return table;
    throw new ImError("IM_CLOUD_CONFLICT", {
      what: `the table ${this.tableName} exists and is not the deployment's own`,
      expected: `a table tagged ${tagNames.deployment}=${deployment}`,
      received: owner === undefined ? "one without that tag" : `${tagNames.deployment}=${owner}`,
      fix: "delete that table, or give the deployment another name",
    });
  }

  #readTable(client: DynamoDBClient): Promise<TableFacts | null> {
    return onAws(`describe the table ${this.tableName}`, () => readTable(client, this.tableName));
  }

  async #createTable(): Promise<void> {
    const { deployment, dynamoDb: client, clock, random } = this.#parts;
    const tags = { [tagNames.deployment]: deployment };
    await onAws(`create the table ${this.tableName}`, async () => {
      await ensureMembershipTable({ client, tableName: this.tableName, clock, random, tags });
      const created = await readTable(client, this.tableName);
      const isTagged = created?.tags[tagNames.deployment] === deployment;
      if (created !== null && !isTagged) await tagTable(client, created, tags);
    });
  }
}

/** DynamoDB's names and Lambda's allow the same characters. */
export function tableNameOf(deployment: string): string {
  return `im_${deployment}`;
}

/** `existing`: by name, the deployment's own and others whose names begin as its own do. */
export function planOf(
  deployment: string,
  wanted: readonly HostFunction[],
  existing: ReadonlyMap<string, ExistingFunction>,
  table: TableFacts | null,
): AwsPlan {
  const kept = new Set(wanted.map(({ name }) => name));
  const removed = [...existing].filter(
    ([name, { tags }]) => !kept.has(name) && tags[tagNames.deployment] === deployment,
  );
  return {
    table: { name: tableNameOf(deployment), action: table === null ? "create" : "keep" },
    functions: [
      ...wanted.map((one) => planFunction(one, existing.get(one.name))),
      ...removed.map(([name]) => ({ name, action: "delete" as const, changes: [] })),
    ],
  };
}

function planFunction(wanted: HostFunction, existing: ExistingFunction | undefined): FunctionPlan {
  const { name, deployment } = wanted;
  if (existing === undefined) return { name, action: "create", changes: [] };
  refuseForeign(deployment, existing);
  const changes = changesOf(wanted, existing);
  return { name, action: changes.length === 0 ? "keep" : "update", changes };
}

function statusOf({ configuration, tags }: ExistingFunction): FunctionStatus {
  return {
    name: configuration.FunctionName ?? "",
    class: tags[tagNames.className] ?? "",
    hosts: Number(tags[tagNames.hostsCount] ?? 0),
    state: configuration.State ?? "Active",
    memoryMb: configuration.MemorySize ?? 0,
    codeBytes: configuration.CodeSize ?? 0,
    modified: configuration.LastModified ?? "",
  };
}

/** A few at once; one that fails does not keep the others from being done. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const places = new InFlight(changesMax);
  const { signal } = new AbortController();
  const results = await Promise.allSettled(
    items.map((item) => places.run(signal, () => work(item))),
  );
  const failures = results.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures);
}
