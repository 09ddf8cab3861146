import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DeleteFunctionCommand, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { type EngineRig, isAlive } from "./engine-rig.js";
import { startDoomed } from "./killed-engine.js";

const shared = { Tags: { "im:spare": "shared" } };

async function idle(rig: EngineRig): Promise<void> {
  while (!rig.engine.environments().some(({ state }) => state === "idle")) {
    await new Promise(setImmediate);
  }
}

/** The only environment's record. */
function record(rig: EngineRig): { path: string; content: Record<string, unknown> } {
  const directory = rig.path("state/environments");
  const path = `${directory}/${readdirSync(directory)[0]}/environment.json`;
  return { path, content: JSON.parse(readFileSync(path, "utf8")) };
}

function queued(rig: EngineRig): readonly string[] {
  return readdirSync(rig.path("state/queue"));
}

test("an invocation that was under way when the engine was killed is completed", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  const [file, report] = [rig.path("go"), rig.path("pids")];
  await rig.send("web", "web-0", { action: "wait", file, report });
  const [pid = ""] = await rig.lines(report, 1);
  await kill();
  t.is(queued(rig).length, 1);
  await rig.restart();
  const [environment, ...others] = rig.engine.environments();
  t.deepEqual(others, []);
  t.like(environment, { functionName: "web", tenantId: "web-0", pid: Number(pid), state: "busy" });
  t.true((environment?.billedMs ?? 0) > 0);
  writeFileSync(file, "");
  await idle(rig);
  t.regex(rig.functionLog("web"), /END RequestId: /);
  t.deepEqual(queued(rig), []);
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  t.is((payload as { pid: number }).pid, Number(pid));
  t.is(rig.starts(), 2);
  t.deepEqual(await rig.lines(report, 1), [pid]);
  t.deepEqual(rig.ended, []);
});

test("an idle environment of a killed engine takes the next event of its tenant", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  const first = await rig.invoke("web", "web-0", { action: "describe" });
  await kill();
  await rig.restart();
  await idle(rig);
  const second = await rig.invoke("web", "web-0", { action: "describe" });
  t.is((second.payload as { pid: number }).pid, (first.payload as { pid: number }).pid);
  const other = await rig.invoke("web", "web-1", { action: "describe" });
  t.not((other.payload as { pid: number }).pid, (first.payload as { pid: number }).pid);
});

test("a spare of a killed engine stays the spare, and no other is started", async (t) => {
  const { rig, kill } = await startDoomed(t, { sparesMax: 1 });
  const started = rig.path("started");
  await rig.create("web", { ...shared, Environment: { Variables: { STARTED: started } } });
  const [pid = ""] = await rig.lines(started, 1);
  await kill();
  await rig.restart();
  t.is(rig.engine.environments().length, 1);
  t.like(rig.engine.environments()[0], { tenantId: null, functionName: null, pid: Number(pid) });
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  t.is((payload as { pid: number }).pid, Number(pid));
  await rig.lines(started, 2);
});

test("one that died while no engine ran is ended with its tree and reported", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web", {});
  const report = rig.path("pids");
  await rig.send("web", "web-0", { action: "hang", tree: true, report });
  const lines = await rig.lines(report, 2);
  const [orphans, pid] = [(lines[0] ?? "").split(" ").map(Number), Number(lines[1])];
  await kill();
  process.kill(pid, "SIGKILL");
  t.deepEqual(orphans.filter(isAlive), orphans);
  await rig.restart();
  t.like(await rig.endings(1), [{ functionName: "web", tenantId: "web-0", pid, reason: "exited" }]);
  t.deepEqual(orphans.filter(isAlive), []);
  // The event failed, and is repeated in another environment.
  t.deepEqual((await rig.lines(report, 4)).length, 4);
});

test("the end of an adopted environment is noticed and reported", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  const { payload } = await rig.invoke("web", "web-0", { action: "tree" });
  const pids = payload as number[];
  await kill();
  await rig.restart();
  const pid = rig.engine.environments()[0]?.pid ?? 0;
  t.true(isAlive(pid));
  process.kill(pid, "SIGKILL");
  t.like(await rig.endings(1), [{ tenantId: "web-0", pid, reason: "exited", exitCode: null }]);
  t.deepEqual(pids.filter(isAlive), []);
});

test("an event that waited when the engine was killed is handled by the next", async (t) => {
  const { rig, kill } = await startDoomed(t, { environmentsMax: 1 });
  await rig.create("web");
  const [report, file] = [rig.path("pids"), rig.path("written")];
  await rig.send("web", "web-0", { action: "hang", report });
  const [pid = ""] = await rig.lines(report, 1);
  t.is(await rig.send("web", "web-1", { action: "write", file, line: "late" }), 202);
  t.is(queued(rig).length, 2);
  await kill();
  t.false(existsSync(file));
  await rig.restart();
  process.kill(Number(pid), "SIGKILL");
  t.deepEqual(await rig.lines(file, 1), ["late"]);
});

test("an event that a killed engine had recorded and not delivered is delivered", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  await rig.invoke("web", "web-0", { action: "echo" });
  await kill();
  const file = rig.path("written");
  const { path, content } = record(rig);
  const requestId = "11111111-2222-3333-4444-555555555555";
  const stored = JSON.parse(readFileSync(rig.path("state/functions/web.json"), "utf8"));
  const times = { startedAtMs: Date.now(), deadlineAtMs: Date.now() + 30_000 };
  const current = { requestId, record: stored, ...times };
  writeFileSync(path, JSON.stringify({ ...content, current }));
  const payload = Buffer.from(JSON.stringify({ action: "write", file, line: "once" }));
  const event = { requestId, functionName: "web", tenantId: "web-0", failures: 0 };
  writeFileSync(
    rig.path(`state/queue/${requestId}.json`),
    JSON.stringify({ ...event, payload: payload.toString("base64"), acceptedAtMs: Date.now() }),
  );
  await rig.restart();
  t.like(rig.engine.environments(), [{ state: "busy" }]);
  t.deepEqual(await rig.lines(file, 1), ["once"]);
  await idle(rig);
  t.deepEqual(queued(rig), []);
  t.deepEqual(await rig.lines(file, 1), ["once"]);
  t.deepEqual(rig.ended, []);
});

test("one that is busy with what could not be recorded is left alone", async (t) => {
  const { rig, kill } = await startDoomed(t, { initTimeoutMs: 50 }, {});
  await rig.create("web");
  const [file, report] = [rig.path("go"), rig.path("pids")];
  await rig.send("web", "web-0", { action: "wait", file, report });
  const [pid = ""] = await rig.lines(report, 1);
  await kill();
  const { path, content } = record(rig);
  writeFileSync(path, JSON.stringify({ ...content, current: null, owner: null }));
  for (const name of queued(rig)) rmSync(rig.path(`state/queue/${name}`));
  await rig.restart();
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.true(isAlive(Number(pid)));
  writeFileSync(file, "");
  await idle(rig);
  t.deepEqual(rig.ended, []);
});

test("an adopted environment is ended at the deadline that it had", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web", { Timeout: 2 });
  const report = rig.path("pids");
  await rig.send("web", "web-0", { action: "hang", report });
  const [pid = ""] = await rig.lines(report, 1);
  await kill();
  await rig.restart();
  t.like(await rig.endings(1), [{ pid: Number(pid), reason: "timeout" }]);
  t.false(isAlive(Number(pid)));
});

test("environments of a function that changed or is gone are not used again", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  await rig.create("api");
  await rig.invoke("web", "web-0", { action: "echo" });
  await rig.invoke("api", "api", { action: "echo" });
  await kill();
  const path = rig.path("state/functions/web.json");
  const web = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...web, variables: { NEW: "1" } }));
  writeFileSync(rig.path("state/functions/api.json"), "not a function");
  await rig.restart();
  const ended = await rig.endings(2);
  t.deepEqual(ended.map(({ reason }) => reason).sort(), ["deleted", "retired"]);
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  t.is((payload as { variables: Record<string, string> }).variables["NEW"], "1");
});

test("a busy environment of an older configuration finishes what it is busy with", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  const [file, report] = [rig.path("go"), rig.path("pids")];
  await rig.send("web", "web-0", { action: "wait", file, report });
  await rig.lines(report, 1);
  await rig.client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: "web",
      Environment: { Variables: { NEW: "1" } },
    }),
  );
  await kill();
  await rig.restart();
  t.like(rig.engine.environments(), [{ state: "busy" }]);
  writeFileSync(file, "");
  t.like(await rig.endings(1), [{ reason: "retired" }]);
  t.regex(rig.functionLog("web"), /REPORT RequestId: (?!.*Status)/);
  t.deepEqual(queued(rig), []);
});

test("deletion and close end what was adopted", async (t) => {
  const { rig, kill } = await startDoomed(t, { graceMs: 100 });
  await rig.create("web");
  await rig.create("api");
  const web = (await rig.invoke("web", "web-0", { action: "tree" })).payload as number[];
  const api = (await rig.invoke("api", "api", { action: "tree" })).payload as number[];
  await kill();
  await rig.restart();
  await rig.client.send(new DeleteFunctionCommand({ FunctionName: "web" }));
  t.deepEqual(web.filter(isAlive), []);
  t.deepEqual(api.filter(isAlive), api);
  await rig.engine.close();
  t.deepEqual(api.filter(isAlive), []);
});

test("an engine that closes leaves no event for the next", async (t) => {
  const { rig, kill } = await startDoomed(t, { retryDelaysMs: [60_000], graceMs: 100 });
  await rig.create("web");
  const report = rig.path("pids");
  await rig.send("web", "web-0", { action: "hang", report });
  await rig.send("web", "web-1", { action: "fail", report });
  await rig.lines(report, 2);
  await kill();
  // As one that is killed in the middle of writing leaves it.
  writeFileSync(rig.path("state/queue/x.json.new"), '{"requestId":');
  await rig.restart();
  t.is(queued(rig).length, 2);
  await rig.engine.close();
  t.deepEqual(queued(rig), []);
  t.is(rig.engineLog().filter((line) => line.startsWith("DROP ")).length, 2);
});

test("a record that is garbage costs the environment and nothing else", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  const pids = (await rig.invoke("web", "web-0", { action: "tree" })).payload as number[];
  await kill();
  writeFileSync(record(rig).path, '{"id":');
  writeFileSync(rig.path("state/queue/x.json"), "garbage");
  await rig.restart();
  t.deepEqual(rig.engine.environments(), []);
  t.deepEqual(pids.filter(isAlive), []);
  t.deepEqual(queued(rig), []);
  t.is((await rig.invoke("web", "web-0", { action: "echo" })).error, undefined);
});
