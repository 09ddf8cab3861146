import assert from "node:assert";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import database from "dynalite/db/index.js";
import { nanoid } from "nanoid";
import { ImError } from "../../platform/errors/im-error.js";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import { ensureMembershipTable } from "../../platform/membership/dynamodb-table.js";
import { startDynamoDb } from "../../simulator/dynamodb/start-dynamodb.js";
import { firstClaim } from "./records.js";
import { clock, deadlineMs, quiet, random, scratch, start, tableName } from "./world.js";

test("what was written is there when the directory is opened again", async (t) => {
  const { directory, socketPath } = await place(t);
  const first = await start(directory, socketPath);
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  const { record } = await (await membershipOn(t, socketPath)).apply(write, deadlineMs);
  await first.close();
  const second = await start(directory, socketPath);
  t.deepEqual(await (await membershipOn(t, socketPath)).read(write.deployId, "web"), record);
  await second.close();
});

test("a closed table leaves neither process nor socket", async (t) => {
  const { directory, socketPath } = await place(t);
  const dynamoDb = await start(directory, socketPath);
  const { pid } = dynamoDb;
  assert(pid !== null);
  t.true(alive(pid));
  await dynamoDb.close();
  t.false(alive(pid));
  t.false(existsSync(socketPath));
  t.is(dynamoDb.pid, null);
});

test("a process that is killed while it starts is started again, not without end", async (t) => {
  const { directory, socketPath } = await place(t);
  const marks = `${socketPath}.marks`;
  const program = `${socketPath}.mjs`;
  const options = { directory, socketPath, clock, random, log: quiet, program };
  const real = fileURLToPath(new URL("../../simulator/dynamodb/server.js", import.meta.url));
  const dies = `process.kill(process.pid, "SIGKILL"); await new Promise(() => {});`;
  await writeFile(
    program,
    `import { appendFileSync, statSync } from "node:fs";
    appendFileSync("${marks}", ".");
    if (statSync("${marks}").size < 3) { ${dies} }
    await import("${real}");`,
  );
  const dynamoDb = await startDynamoDb(options);
  t.is((await stat(marks)).size, 3);
  await dynamoDb.close();
  await writeFile(program, dies);
  await t.throwsAsync(startDynamoDb(options), { code: "IM_STORE_FAILED" });
});

test("socket and files are for their owner alone", async (t) => {
  const { directory, socketPath } = await place(t);
  const dynamoDb = await start(directory, socketPath);
  t.is((await stat(socketPath)).mode & 0o077, 0);
  t.is((await stat(directory)).mode & 0o077, 0);
  await dynamoDb.close();
});

test("a second process that opens the same directory gets a clear error", async (t) => {
  const { directory, socketPath } = await place(t);
  const first = await start(directory, socketPath);
  const second = { directory, socketPath: `${socketPath}2`, clock, random, log: quiet };
  const error = await t.throwsAsync(startDynamoDb({ ...second, lockWaitMs: 50 }), {
    instanceOf: ImError,
  });
  t.is(error.code, "IM_STORE_FAILED");
  t.is(error.message, `another process has the table in ${directory} open`);
  t.true(existsSync(socketPath), "the first one's socket is untouched");
  await first.close();
});

test("a directory that cannot be made is a clear error", async (t) => {
  const { directory, socketPath } = await place(t);
  await writeFile(directory, "a file");
  const error = await t.throwsAsync(start(directory, socketPath), { instanceOf: ImError });
  t.is(error.code, "IM_STORE_FAILED");
  t.regex(error.details.received ?? "", /EEXIST|ENOTDIR/);
});

test("a socket that a killed process left behind is replaced", async (t) => {
  const { directory, socketPath } = await place(t);
  // A listener that closes removes its socket; an ordinary file stands in for what a kill leaves.
  await writeFile(socketPath, "");
  const dynamoDb = await start(directory, socketPath);
  await t.notThrowsAsync(membershipOn(t, socketPath));
  await dynamoDb.close();
});

test("a socket path that cannot be bound is a clear error", async (t) => {
  const { directory } = await place(t);
  const socketPath = join(directory, "absent", "db.sock");
  const error = await t.throwsAsync(start(directory, socketPath), { instanceOf: ImError });
  t.is(error.code, "IM_STORE_FAILED");
});

test("a table whose creation was cut off is made usable at the next start", async (t) => {
  const { directory, socketPath } = await place(t);
  const whole = await start(directory, socketPath);
  await membershipOn(t, socketPath);
  await whole.close();
  await cutOffCreation(directory);
  const dynamoDb = await start(directory, socketPath);
  const membership = await membershipOn(t, socketPath);
  t.is(await membership.read(nanoid(), "web"), null);
  await dynamoDb.close();
});

test("the process ends with the one that started it, and a new one takes over", async (t) => {
  const { directory, socketPath } = await place(t);
  const fixture = new URL("../fixtures/membership/start-dynamodb.js", import.meta.url);
  const parent = fork(fileURLToPath(fixture), [directory, socketPath]);
  const [pid]: unknown[] = await once(parent, "message");
  assert(typeof pid === "number");
  const connection = createConnection(socketPath);
  await once(connection, "connect");
  parent.kill("SIGKILL");
  await once(connection, "close");
  const dynamoDb = await start(directory, socketPath);
  await t.notThrowsAsync(membershipOn(t, socketPath));
  await ended(pid);
  await dynamoDb.close();
});

test("a process that is killed is started again, until the table is closed", async (t) => {
  const { directory, socketPath } = await place(t);
  const dynamoDb = await start(directory, socketPath);
  const first = dynamoDb.pid;
  assert(first !== null);
  const restarted = new Promise<number>((resolve) => dynamoDb.onRestart(resolve));
  process.kill(first, "SIGKILL");
  const second = await restarted;
  t.not(second, first);
  t.is(dynamoDb.pid, second);
  process.kill(second, "SIGKILL");
  await dynamoDb.close();
  t.false(alive(second));
  t.false(existsSync(socketPath));
});

test("a socket path that something else listens on is taken over only with the lock", async (t) => {
  const { directory, socketPath } = await place(t);
  const first = await start(directory, socketPath);
  const second = { directory, socketPath, clock, random, log: quiet, lockWaitMs: 0 };
  await t.throwsAsync(startDynamoDb(second), { code: "IM_STORE_FAILED" });
  await t.notThrowsAsync(membershipOn(t, socketPath));
  await first.close();
});

async function place(t: ExecutionContext): Promise<{ directory: string; socketPath: string }> {
  const { directory, remove } = await scratch();
  t.teardown(remove);
  return { directory: join(directory, "table"), socketPath: join(directory, "db.sock") };
}

async function membershipOn(t: ExecutionContext, socketPath: string): Promise<DynamoDbMembership> {
  const client = createDynamoDbClient({ socketPath });
  t.teardown(() => client.destroy());
  await ensureMembershipTable({ client, tableName, clock, random, deadlineMs });
  return new DynamoDbMembership({ client, tableName, clock, random });
}

/** Leaves what a kill leaves between the two writes of a table's creation. */
async function cutOffCreation(path: string): Promise<void> {
  const { db } = database.create({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await db.open();
  for await (const [key, table] of db.iterator({ gte: "table~", lt: "table~\uffff" })) {
    await db.put(key, { ...table, TableStatus: "CREATING" });
  }
  await db.close();
}

function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Of a process that is nobody's child here: its end can only be looked for. */
async function ended(pid: number): Promise<void> {
  while (alive(pid)) await new Promise((resolve) => clock.setTimeout(() => resolve(null), 10));
}
