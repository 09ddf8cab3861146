import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TooManyRequestsException } from "@aws-sdk/client-lambda";
import test from "ava";
import { EngineRig, isAlive } from "./engine-rig.js";

test("a synchronous invocation returns what the function answers", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const event = { action: "echo", text: "grüß dich" };
  t.deepEqual(await rig.invoke("web", "web-0", event), {
    status: 200,
    error: undefined,
    payload: event,
  });
});

test("a tenant keeps its environment from one event to the next", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const first = await pidOf(rig, "web-0");
  t.is(await pidOf(rig, "web-0"), first);
  t.not(await pidOf(rig, "web-1"), first);
  t.is(await pidOf(rig, "web-0"), first);
  t.deepEqual(
    rig.engine
      .environments()
      .map(({ tenantId }) => tenantId)
      .sort(),
    ["web-0", "web-1"],
  );
});

test("a busy tenant gets a second environment", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const file = rig.path("go");
  const busy = rig.invoke("web", "web-0", { action: "wait", file });
  const other = await pidOf(rig, "web-0");
  t.deepEqual(
    rig.engine
      .environments()
      .map(({ state }) => state)
      .sort(),
    ["busy", "idle"],
  );
  writeFileSync(file, "");
  const { payload } = await busy;
  t.notDeepEqual(payload, { pid: other });
});

test("a function sees its own variables and none of the engine's", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Environment: { Variables: { COLOUR: "blue" } }, MemorySize: 256 });
  process.env["IM_TEST_SECRET"] = "leaked";
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  const { variables, headers } = payload as Record<string, Record<string, string>>;
  t.like(variables, {
    COLOUR: "blue",
    AWS_LAMBDA_FUNCTION_NAME: "web",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    _HANDLER: "bootstrap",
  });
  t.false("IM_TEST_SECRET" in (variables ?? {}));
  t.is(headers?.["lambda-runtime-aws-tenant-id"], "web-0");
  t.regex(headers?.["lambda-runtime-invoked-function-arn"] ?? "", /^arn:aws:lambda:.*:web$/);
  const leftMs = Number(headers?.["lambda-runtime-deadline-ms"]) - Date.now();
  t.true(leftMs > 20_000 && leftMs <= 30_000);
});

test("an asynchronous event is accepted at once and handled", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const file = rig.path("written");
  t.is(await rig.send("web", "web-0", { action: "write", file, line: "done" }), 202);
  t.deepEqual(await rig.lines(file, 1), ["done"]);
});

test("an asynchronous event that fails is repeated twice by default", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const report = rig.path("attempts");
  await rig.send("web", "web-0", { action: "fail", report });
  const pids = await rig.lines(report, 3);
  t.is(new Set(pids).size, 1);
  const log = await rig.lines(join(rig.directory, "state/engine.log"), 4);
  t.is(log.filter((line) => line.startsWith("START ")).length, 3);
  t.regex(log[3] ?? "", /^DROP RequestId: \S+ Function: web failed: .*as asked/);
});

test("each invocation is logged and billed", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await rig.invoke("web", "web-0", { action: "print", line: "hello from the function" });
  const log = rig.functionLog("web");
  t.regex(log, /^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/m);
  t.regex(log, /^hello from the function$/m);
  t.regex(log, /^END RequestId: [0-9a-f-]{36}$/m);
  const usage = /Memory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms$/m;
  t.regex(log, /^REPORT .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size/m);
  t.regex(log, usage);
  t.is(rig.starts(), 1);
  t.regex(rig.engineLog()[0] ?? "", /^START RequestId: \S+ .* Function: web Tenant: web-0$/);
  const billedMs = rig.engine.billedMs("web", "web-0");
  t.true(billedMs >= 1);
  t.deepEqual(
    rig.engine.environments().map((environment) => environment.billedMs),
    [billedMs],
  );
  t.is(rig.engine.billedMs("web", "web-1"), 0);
});

test("a cold start's initialisation is billed with its first event and no other", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  for (let event = 0; event < 2; event += 1) await rig.invoke("web", "web-0", { action: "echo" });
  const reports = rig
    .functionLog("web")
    .split("\n")
    .filter((line) => line.startsWith("REPORT "));
  const [cold, warm] = reports.map((line) => {
    const [, durationMs, billedMs] =
      /Duration: (\S+) ms\tBilled Duration: (\d+) ms/.exec(line) ?? [];
    const initMs = /Init Duration: (\S+) ms/.exec(line)?.[1];
    return { durationMs: Number(durationMs), billedMs: Number(billedMs), initMs };
  });
  t.true(Number(cold?.initMs) > 1);
  t.is(warm?.initMs, undefined);
  for (const { durationMs, billedMs, initMs = 0 } of [cold, warm].flatMap((one) => one ?? [])) {
    // Each is printed rounded to a hundredth.
    const exactMs = durationMs + Number(initMs);
    t.true(Math.abs(billedMs - exactMs - 0.5) <= 0.52, `${billedMs} for ${exactMs}`);
  }
});

test("a function that overruns its timeout is killed with everything it started", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Timeout: 1 });
  const report = rig.path("pids");
  const result = await rig.invoke("web", "web-0", { action: "hang", tree: true, report });
  t.is(result.error, "Unhandled");
  t.like(result.payload, { errorType: "Sandbox.Timedout" });
  const pids = (await rig.lines(report, 2)).flatMap((line) => line.split(" ")).map(Number);
  t.is(pids.length, 3);
  t.deepEqual(pids.filter(isAlive), []);
  t.like(rig.ended, [{ functionName: "web", tenantId: "web-0", reason: "timeout" }]);
  t.regex(rig.functionLog("web"), /^REPORT .*Status: timeout$/m);
});

test("a function that exits fails its invocation and takes its tree with it", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const grown = await rig.invoke("web", "web-0", { action: "tree" });
  const result = await rig.invoke("web", "web-0", { action: "exit", code: 7 });
  t.like(result.payload, { errorType: "Runtime.ExitError" });
  t.like(rig.ended, [{ reason: "exited", exitCode: 7 }]);
  t.deepEqual((grown.payload as number[]).filter(isAlive), []);
});

test("a function that fails and exits ends with the event that it had last", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const event = { action: "fail and exit", code: 7 };
  t.like((await rig.invoke("web", "web-0", event)).payload, { errorType: "Mine" });
  const [ended] = await rig.endings(1);
  t.is(ended?.exitCode, 7);
  t.deepEqual(JSON.parse(ended?.payload?.toString() ?? "null"), event);
});

test("a bootstrap that is killed while idle is replaced for the next event", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const pid = await pidOf(rig, "web-0");
  process.kill(pid, "SIGKILL");
  t.like(await rig.endings(1), [{ pid, reason: "exited", signal: "SIGKILL", payload: null }]);
  t.not(await pidOf(rig, "web-0"), pid);
});

test("an environment that stopped waiting gets no event", async (t) => {
  // With cgroups it would be frozen as soon as it asks, and could not hang up any more.
  const rig = await EngineRig.start(t, { freezer: "signals" });
  await rig.create("web");
  const pid = await pidOf(rig, "web-0");
  const file = rig.path("left");
  await rig.invoke("web", "web-0", { action: "leave", file });
  await rig.lines(file, 1);
  await noticed(rig, pid);
  const other = await pidOf(rig, "web-0");
  t.is(typeof other, "number");
  t.not(other, pid);
});

/** The request and its end are in the engine's queue: it has read both when it stays busy. */
async function noticed(rig: EngineRig, pid: number): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const state = rig.engine.environments().find((environment) => environment.pid === pid)?.state;
    if (state === "idle") turns = 0;
  }
}

test("answers out of turn are refused and harm nobody", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  t.is((await rig.invoke("web", "web-0", { action: "twice" })).payload, "first");
  t.is((await rig.invoke("web", "web-0", { action: "early" })).payload, 403);
  t.regex(rig.functionLog("web"), /^statuses 403 400 404$/m);
});

test("an answer beyond six megabytes fails the invocation and not the environment", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const pid = await pidOf(rig, "web-0");
  const result = await rig.invoke("web", "web-0", { action: "large", bytes: 7 * 1024 * 1024 });
  t.like(result.payload, { errorType: "Function.ResponseSizeTooLarge" });
  t.is(await pidOf(rig, "web-0"), pid);
});

for (const [init, errorType] of [
  ["exit", "Runtime.ExitError"],
  ["error", "Mine"],
  ["hang", "Runtime.ExitError"],
] as const) {
  test(`a start that fails (${init}) fails the invocation after two tries`, async (t) => {
    const rig = await EngineRig.start(t, { initTimeoutMs: init === "hang" ? 300 : 10_000 });
    await rig.create("web", { Environment: { Variables: { INIT: init } } });
    const result = await rig.invoke("web", "web-0", { action: "echo" });
    t.is(result.error, "Unhandled");
    t.like(result.payload, { errorType });
    t.is((await rig.endings(2)).length, 2);
    t.is(rig.starts(), 0);
  });
}

test("an environment that is kept stays, for as long as it is", async (t) => {
  let keptTimes = 2;
  const keeps = () => {
    keptTimes -= 1;
    return keptTimes >= 0;
  };
  const rig = await EngineRig.start(t, { idleMs: 20, keeps });
  await rig.create("web");
  const pid = await pidOf(rig, "web-0");
  t.like(await rig.endings(1), [{ pid, reason: "reaped" }]);
  t.is(keptTimes, -1);
});

test("an environment that stays idle is reaped", async (t) => {
  const rig = await EngineRig.start(t, { idleMs: 50 });
  await rig.create("web");
  const pid = await pidOf(rig, "web-0");
  t.like(await rig.endings(1), [{ pid, reason: "reaped", payload: null }]);
});

test("more environments than allowed are refused by name", async (t) => {
  const rig = await EngineRig.start(t, { environmentsMax: 1 });
  await rig.create("web");
  await pidOf(rig, "web-0");
  const error = await t.throwsAsync(rig.invoke("web", "web-1", { action: "echo" }), {
    instanceOf: TooManyRequestsException,
  });
  t.is(error?.Reason, "ConcurrentInvocationLimitExceeded");
});

async function pidOf(rig: EngineRig, tenant: string): Promise<number> {
  const { payload } = await rig.invoke("web", tenant, { action: "describe" });
  return (payload as { pid: number }).pid;
}
