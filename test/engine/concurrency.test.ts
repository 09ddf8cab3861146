import {
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
  TooManyRequestsException,
} from "@aws-sdk/client-lambda";
import test from "ava";
import { Concurrency } from "../../simulator/lambda/concurrency.js";
import { EngineRig } from "./engine-rig.js";
import { functionRecord } from "./function-fixture.js";

async function reserve(rig: EngineRig, name: string, concurrency: number): Promise<void> {
  const asked = { FunctionName: name, ReservedConcurrentExecutions: concurrency };
  await rig.client.send(new PutFunctionConcurrencyCommand(asked));
}

test("more than is reserved is refused by name, and allowed when there is room", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await reserve(rig, "web", 1);
  const [file, report] = [rig.path("go"), rig.path("pids")];
  const busy = rig.invoke("web", "web-0", { action: "wait", file, report });
  await rig.lines(report, 1);
  const error = await t.throwsAsync(rig.invoke("web", "web-1", { action: "echo" }), {
    instanceOf: TooManyRequestsException,
  });
  t.is(error?.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
  t.is(error?.$metadata.httpStatusCode, 429);
  rig.touch(file);
  t.is((await busy).error, undefined);
  t.is((await rig.invoke("web", "web-1", { action: "echo" })).error, undefined);
});

test("asynchronous events wait for room, in the order in which they came", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await reserve(rig, "web", 1);
  const [file, report, written] = [rig.path("go"), rig.path("pids"), rig.path("written")];
  const busy = rig.invoke("web", "web-0", { action: "wait", file, report });
  await rig.lines(report, 1);
  for (const line of ["one", "two", "three"]) {
    t.is(await rig.send("web", "web-0", { action: "write", file: written, line }), 202);
  }
  t.is(rig.starts(), 1);
  rig.touch(file);
  await busy;
  t.deepEqual(await rig.lines(written, 3), ["one", "two", "three"]);
});

test("events that wait go on once the reservation allows it, or is gone", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const written = rig.path("written");
  const write = (line: string) =>
    rig.send("web", "web-0", { action: "write", file: written, line });
  await reserve(rig, "web", 0);
  await write("one");
  await write("two");
  t.is(rig.starts(), 0);
  await reserve(rig, "web", 1);
  t.deepEqual(await rig.lines(written, 2), ["one", "two"]);
  await reserve(rig, "web", 0);
  await write("three");
  await rig.client.send(new DeleteFunctionConcurrencyCommand({ FunctionName: "web" }));
  t.deepEqual(await rig.lines(written, 3), ["one", "two", "three"]);
});

test("a reservation is kept by a restart", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await reserve(rig, "web", 0);
  await rig.engine.close();
  await rig.restart();
  await t.throwsAsync(rig.invoke("web", "web-0", { action: "echo" }), {
    instanceOf: TooManyRequestsException,
  });
});

test("a function that has nothing reserved for it handles no event", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await reserve(rig, "web", 0);
  t.is(await rig.send("web", "web-0", { action: "echo" }), 202);
  await t.throwsAsync(rig.invoke("web", "web-0", { action: "echo" }), {
    instanceOf: TooManyRequestsException,
  });
  await rig.engine.close();
  t.regex(rig.engineLog().join("\n"), /^DROP RequestId: \S+ Function: web cancelled/m);
  t.is(rig.starts(), 0);
});

test("the account's limit is what reservations leave of it", (t) => {
  const records = [
    { ...functionRecord, name: "reserved", reservedConcurrency: 2 },
    { ...functionRecord, name: "a" },
    { ...functionRecord, name: "b" },
  ] as const;
  const [reserved, a, b] = records;
  const concurrency = new Concurrency(4, () => records);
  const account = "ConcurrentInvocationLimitExceeded";
  concurrency.enter("a");
  t.is(concurrency.refusal(b), null);
  concurrency.enter("b");
  t.deepEqual([concurrency.refusal(a), concurrency.refusal(b)], [account, account]);
  t.is(concurrency.refusal(reserved), null);
  concurrency.enter("reserved");
  concurrency.enter("reserved");
  const own = "ReservedFunctionConcurrentInvocationLimitExceeded";
  t.is(concurrency.refusal(reserved), own);
  concurrency.leave("a");
  t.is(concurrency.refusal(b), null);
  t.is(concurrency.refusal(reserved), own);
});

test("the account's limit refuses by its own name", async (t) => {
  const rig = await EngineRig.start(t, { concurrencyMax: 1 });
  await rig.create("web");
  const [file, report] = [rig.path("go"), rig.path("pids")];
  const busy = rig.invoke("web", "web-0", { action: "wait", file, report });
  await rig.lines(report, 1);
  const error = await t.throwsAsync(rig.invoke("web", "web-1", { action: "echo" }), {
    instanceOf: TooManyRequestsException,
  });
  t.is(error?.Reason, "ConcurrentInvocationLimitExceeded");
  rig.touch(file);
  await busy;
});
