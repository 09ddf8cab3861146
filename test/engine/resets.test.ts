import { statSync } from "node:fs";
import { UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { EngineRig } from "./engine-rig.js";

test("after a timeout the next event finds /tmp as it was and all else new", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Timeout: 1 });
  await rig.invoke("web", "web-0", { action: "keep", name: "first" });
  const hung = await rig.invoke("web", "web-0", { action: "keep and hang", name: "second" });
  t.like(hung.payload, { errorType: "Sandbox.Timedout" });
  t.like(rig.ended, [{ reason: "timeout", tenantId: "web-0" }]);
  const other = await rig.invoke("web", "web-1", { action: "keep", name: "other" });
  t.deepEqual(other.payload, ["other"]);
  const { payload } = await rig.invoke("web", "web-0", { action: "keep", name: "third" });
  t.deepEqual([...(payload as string[])].sort(), ["first", "second", "third"]);
});

test("after a crash /tmp is kept, after a change of the function it is not", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await rig.invoke("web", "web-0", { action: "keep", name: "first" });
  await rig.invoke("web", "web-0", { action: "exit", code: 1 });
  const kept = await rig.invoke("web", "web-0", { action: "keep", name: "second" });
  t.deepEqual([...(kept.payload as string[])].sort(), ["first", "second"]);
  await rig.invoke("web", "web-0", { action: "exit", code: 1 });
  await rig.client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: "web",
      Environment: { Variables: { NEW: "1" } },
    }),
  );
  const fresh = await rig.invoke("web", "web-0", { action: "keep", name: "third" });
  t.deepEqual(fresh.payload, ["third"]);
});

test("what was kept and nobody asked for is removed in the end", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await rig.invoke("web", "web-0", { action: "keep", name: "first" });
  await rig.invoke("web", "web-0", { action: "exit", code: 1 });
  await rig.engine.close();
  t.deepEqual(rig.engine.environments(), []);
});

test("a function's code has no bit that lets anybody write", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  const root = (payload as { variables: Record<string, string> }).variables["LAMBDA_TASK_ROOT"];
  for (const name of ["", "/bootstrap", "/runtime.mjs"]) {
    t.is(statSync(`${root}${name}`).mode & 0o222, 0, name);
  }
});

test("SIGTERM comes to a runtime only where an extension is registered", async (t) => {
  const rig = await EngineRig.start(t, { idleMs: 1 });
  const file = rig.path("signals");
  await rig.create("plain");
  await rig.create("extended", { Environment: { Variables: { EXTENSION: "1" } } });
  await rig.invoke("plain", "a", { action: "await signal", file });
  t.like(await rig.endings(1), [{ signal: "SIGKILL", reason: "reaped" }]);
  await rig.invoke("extended", "b", { action: "await signal", file });
  t.like((await rig.endings(2))[1], { exitCode: 0, reason: "reaped" });
  t.deepEqual(await rig.lines(file, 1), ["SIGTERM"]);
});
