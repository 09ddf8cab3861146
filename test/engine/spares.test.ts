import { DeleteFunctionCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { EngineRig, isAlive } from "./engine-rig.js";

const shared = { Tags: { "im:spare": "shared" } };

test("a spare that was started at creation serves the first event", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  await rig.create("web", shared);
  const [spare] = rig.engine.environments();
  t.like(spare, { functionName: null, tenantId: null, state: "init" });
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  const { headers, variables } = payload as Record<string, Record<string, string>>;
  t.regex(headers?.["lambda-runtime-invoked-function-arn"] ?? "", /:function:web$/);
  t.false("AWS_LAMBDA_FUNCTION_NAME" in (variables ?? {}));
  const used = rig.engine.environments().find(({ tenantId }) => tenantId === "web-0");
  t.is(used?.id, spare?.id);
  t.is(rig.starts(), 1);
});

test("a spare that was used is replaced, also while its event is still under way", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  const started = rig.path("started");
  await rig.create("web", { ...shared, Environment: { Variables: { STARTED: started } } });
  await rig.lines(started, 1);
  await rig.send("web", "web-0", { action: "hang" });
  const pids = await rig.lines(started, 2);
  const environments = rig.engine.environments();
  t.deepEqual(
    environments.map(({ tenantId }) => tenantId),
    ["web-0", null],
  );
  t.deepEqual(
    environments.map(({ pid }) => String(pid)),
    pids,
  );
});

test("functions with the same code and variables share their spares", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  await rig.create("web", shared);
  await rig.create("api", shared);
  await rig.create("odd", { ...shared, Environment: { Variables: { OTHER: "1" } } });
  const [first, second, ...more] = rig.engine.environments();
  t.deepEqual(more, []);
  await rig.invoke("api", "api", { action: "echo" });
  t.is(rig.engine.environments().find(({ id }) => id === first?.id)?.functionName, "api");
  await rig.invoke("odd", "odd", { action: "echo" });
  t.is(rig.engine.environments().find(({ id }) => id === second?.id)?.functionName, "odd");
});

test("a function without the tag has no spares", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  await rig.create("web");
  t.deepEqual(rig.engine.environments(), []);
});

test("deletion ends all environments of a function before it is answered", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1, graceMs: 100 });
  await rig.create("web", shared);
  await rig.create("api", shared);
  const web = await rig.invoke("web", "web-0", { action: "tree" });
  const api = await rig.invoke("api", "api", { action: "tree" });
  const [webPids, apiPids] = [web.payload as number[], api.payload as number[]];

  await rig.client.send(new DeleteFunctionCommand({ FunctionName: "web" }));
  t.deepEqual(webPids.filter(isAlive), []);
  t.deepEqual(apiPids.filter(isAlive), apiPids);
  t.false(rig.engine.environments().some(({ functionName }) => functionName === "web"));
  t.true(
    rig.ended.some(({ functionName, reason }) => functionName === "web" && reason === "deleted"),
  );

  await rig.client.send(new DeleteFunctionCommand({ FunctionName: "api" }));
  t.deepEqual(apiPids.filter(isAlive), []);
  t.deepEqual(rig.engine.environments(), []);
});

test("a spare that cannot start is not tried again at once", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  await rig.create("web", { ...shared, Environment: { Variables: { INIT: "exit" } } });
  t.like(await rig.endings(1), [{ functionName: null, exitCode: 3 }]);
  t.deepEqual(rig.engine.environments(), []);
});

test("twenty tenants that boot at once each have an environment of their own", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  await rig.create("web", shared);
  const tenants = Array.from({ length: 20 }, (_, index) => `web-${index}`);
  const results = await Promise.all(
    tenants.map((tenant) => rig.invoke("web", tenant, { action: "describe" })),
  );
  const pids = results.map(({ payload }) => (payload as { pid: number }).pid);
  t.is(new Set(pids).size, tenants.length);
  t.is(rig.starts(), tenants.length);
});
