/** The same suite on AWS's own DynamoDB Local, where Java is and it was fetched (see .ci/run). */
import { spawnSync } from "node:child_process";
import test from "ava";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import { ensureMembershipTable } from "../../platform/membership/dynamodb-table.js";
import { holdAgainstTwin } from "../differential/store-differential.js";
import {
  type DynamoDbLocal,
  findDynamoDbLocal,
  startDynamoDbLocal,
} from "../fixtures/membership/dynamodb-local.js";
import { onlyIf } from "../process/requirements.js";
import { oldItemOfFailure, tagsOfTable } from "./differences.js";
import { historiesAgree } from "./histories.js";
import { recordIn } from "./records.js";
import { itemOf, type Table, tableContract } from "./table-contract.js";
import { clock, deadlineMs, random, tableName } from "./world.js";

const directory = findDynamoDbLocal();
const hasJava = spawnSync("java", ["-version"]).status === 0;

if (directory === null || !hasJava) {
  const missing = directory === null ? "IM_DYNAMODB_LOCAL" : "java";
  onlyIf(false, missing)("membership on DynamoDB Local keeps its contract", async () => undefined);
} else {
  // It takes any key, but a key there must be.
  process.env["AWS_ACCESS_KEY_ID"] = "local";
  process.env["AWS_SECRET_ACCESS_KEY"] = "local";
  onDynamoDbLocal(startDynamoDbLocal(directory));
}

function onDynamoDbLocal(started: Promise<DynamoDbLocal>): void {
  const opened = open(started);
  test.after.always(async () => {
    await (await started).close();
    (await opened).client.destroy();
  });

  tableContract(opened);

  test("any history of writes has the same outcomes in memory and on it", async (t) => {
    await opened;
    await historiesAgree(t, await started, 5);
  });

  test("any history of several nodes goes the same way in memory and on it", async (t) => {
    const { membership } = await opened;
    await t.notThrowsAsync(holdAgainstTwin(membership, { numRuns: 10 }));
  });

  test("it gives back the old item of a failed condition, as AWS does", async (t) => {
    const old = await oldItemOfFailure(await opened);
    t.deepEqual(Object.keys(old ?? {}).sort(), Object.keys(itemOf(recordIn("running"))).sort());
  });

  // A deployment on AWS cannot be tried on it: its table is known by a tag.
  test("it knows no tags", async (t) => {
    const table = await opened;
    await t.throwsAsync(tagsOfTable(table), { name: "UnknownOperationException" });
  });
}

/** It answers only after seconds: the creation of the table is what waits for it. */
async function open(started: Promise<DynamoDbLocal>): Promise<Table> {
  const { host, port } = await started;
  const endpoint = `http://${host}:${port}`;
  const where = { endpoint, region: "eu-central-1" };
  const client = createDynamoDbClient(where, { requestMs: deadlineMs });
  await ensureMembershipTable({ client, tableName, clock, random });
  return { client, membership: new DynamoDbMembership({ client, tableName, clock, random }) };
}
