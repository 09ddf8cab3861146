import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { GetFunctionCommand, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { EngineRig, isAlive } from "./engine-rig.js";

const program = fileURLToPath(new URL("../fixtures/engine/engine-process.js", import.meta.url));

test("an engine finds its functions again after a restart", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 1 });
  await rig.create("web", { Tags: { "im:spare": "shared" }, Timeout: 17 });
  await rig.engine.close();
  t.deepEqual(rig.engine.environments(), []);
  await rig.restart();
  const { Configuration } = await rig.client.send(new GetFunctionCommand({ FunctionName: "web" }));
  t.is(Configuration?.Timeout, 17);
  t.is(rig.engine.environments().length, 1);
  t.is((await rig.invoke("web", "web-0", { action: "echo" })).error, undefined);
});

test("what a killed engine left running is ended before the next one serves", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.engine.close();
  const child = spawn(process.execPath, [program, rig.directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await rig.create("web");
  const { payload } = await rig.invoke("web", "web-0", { action: "tree" });
  child.kill("SIGKILL");
  await once(child, "exit");
  const pids = payload as number[];
  t.deepEqual(pids.filter(isAlive), pids);
  await rig.restart();
  t.deepEqual(pids.filter(isAlive), []);
  const { Functions } = await rig.client.send(new ListFunctionsCommand({}));
  t.deepEqual(
    Functions?.map(({ FunctionName }) => FunctionName),
    ["web"],
  );
});

test("an engine closes with invocations under way and nothing is left", async (t) => {
  const rig = await EngineRig.start(t, { sparesMax: 2, graceMs: 100 });
  await rig.create("web", { Tags: { "im:spare": "shared" } });
  const report = rig.path("pids");
  await rig.send("web", "web-0", { action: "hang", tree: true, report });
  await rig.send("web", "web-1", { action: "echo" });
  await rig.lines(report, 2);
  await Promise.all([rig.engine.close(), rig.engine.close()]);
  const pids = (await rig.lines(report, 2)).flatMap((line) => line.split(" ")).map(Number);
  t.deepEqual(pids.filter(isAlive), []);
});
