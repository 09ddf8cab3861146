import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { EngineRig, isAlive } from "./engine-rig.js";

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
