import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { DeleteFunctionCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import type { FreezeChange, LambdaEngineOptions } from "../../simulator/lambda/engine.js";
import { freezerKind } from "../../simulator/lambda/engine.js";
import { onlyIf } from "../process/requirements.js";
import { EngineRig, isAlive } from "./engine-rig.js";
import { startDoomed } from "./killed-engine.js";

const hasCgroups = freezerKind().kind === "cgroup";

/** Resolves with the first change after now that is of this kind. */
function changed(rig: EngineRig, frozen: boolean): Promise<FreezeChange> {
  return new Promise((resolve) => {
    const stop = rig.engine.onFreezeChange((change) => {
      if (change.frozen !== frozen) return;
      stop();
      resolve(change);
    });
  });
}

/** Resolves when all of the engine's environments are frozen. */
async function allFrozen(rig: EngineRig): Promise<void> {
  while (!rig.engine.environments().every(({ frozen }) => frozen)) await changed(rig, true);
}

async function grows(file: string): Promise<void> {
  const before = sizeOf(file);
  while (sizeOf(file) <= before) await new Promise(setImmediate);
}

async function rests(file: string): Promise<boolean> {
  const before = sizeOf(file);
  await new Promise((resolve) => setTimeout(resolve, 80));
  return sizeOf(file) === before;
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

const ways: readonly (readonly [NonNullable<LambdaEngineOptions["freezer"]>, boolean])[] = [
  ["cgroup", hasCgroups],
  ["signals", true],
];

for (const [freezer, isHere] of ways) {
  const declare = onlyIf(isHere, "a cgroup v2 that cgroups can be made in");

  declare(`${freezer}: what is hastened runs before its event comes`, async (t) => {
    const rig = await EngineRig.start(t, { freezer });
    await rig.create("web");
    const file = rig.path("ticks");
    const frozen = changed(rig, true);
    const first = await rig.invoke("web", "web-0", { action: "tick", file });
    await frozen;
    rig.engine.hasten("web", "web-1");
    t.true(await rests(file));
    rig.engine.hasten("web", "web-0");
    await grows(file);
    t.like(rig.engine.environments(), [{ state: "idle", frozen: false }]);
    t.deepEqual(
      (await rig.invoke("web", "web-0", { action: "tick", file })).payload,
      first.payload,
    );
  });

  declare(`${freezer}: what an event leaves running stands still until the next`, async (t) => {
    const rig = await EngineRig.start(t, { freezer });
    await rig.create("web");
    const file = rig.path("ticks");
    const frozen = changed(rig, true);
    const first = await rig.invoke("web", "web-0", { action: "tick", file });
    const change = await frozen;
    t.like(change, { functionName: "web", tenantId: "web-0", frozen: true });
    t.is(typeof change.tookMs, "number");
    t.like(rig.engine.environments(), [{ state: "idle", frozen: true }]);
    t.true(await rests(file));
    const thawed = changed(rig, false);
    const go = rig.path("go");
    const second = rig.invoke("web", "web-0", { action: "wait", file: go });
    t.like(await thawed, { tookMs: null });
    await grows(file);
    t.like(rig.engine.environments(), [{ state: "busy", frozen: false }]);
    rig.touch(go);
    t.deepEqual((await second).payload, first.payload);
    await allFrozen(rig);
    t.true(await rests(file));
  });

  declare(`${freezer}: a spare is frozen, and thawed for its first event`, async (t) => {
    const rig = await EngineRig.start(t, { freezer, sparesMax: 1 });
    await rig.create("web", { Tags: { "im:spare": "shared" } });
    await allFrozen(rig);
    const spare = rig.engine.environments()[0];
    t.like(spare, { functionName: null, frozen: true });
    t.is((await rig.invoke("web", "web-0", { action: "echo" })).error, undefined);
    const used = rig.engine.environments().find(({ id }) => id === spare?.id);
    t.is(used?.tenantId, "web-0");
  });

  declare(`${freezer}: fifty events in a row find what froze between them`, async (t) => {
    const rig = await EngineRig.start(t, { freezer });
    await rig.create("web");
    for (let number = 0; number < 50; number += 1) {
      const { payload } = await rig.invoke("web", "web-0", { action: "echo", number });
      t.like(payload, { number });
    }
    t.deepEqual(rig.ended, []);
  });

  declare(
    `${freezer}: a frozen environment that is killed, deleted or reaped is gone`,
    async (t) => {
      const rig = await EngineRig.start(t, { freezer, idleMs: 400 });
      await rig.create("web");
      await rig.create("api");
      const killed = (await rig.invoke("web", "killed", { action: "tree" })).payload as number[];
      await allFrozen(rig);
      process.kill(rig.engine.environments()[0]?.pid ?? 0, "SIGKILL");
      t.like(await rig.endings(1), [{ tenantId: "killed", reason: "exited" }]);
      t.deepEqual(killed.filter(isAlive), []);
      const deleted = (await rig.invoke("web", "deleted", { action: "tree" })).payload as number[];
      await allFrozen(rig);
      await rig.client.send(new DeleteFunctionCommand({ FunctionName: "web" }));
      t.deepEqual(deleted.filter(isAlive), []);
      const reaped = (await rig.invoke("api", "reaped", { action: "tree" })).payload as number[];
      t.is((await rig.endings(3)).at(-1)?.reason, "reaped");
      t.deepEqual(reaped.filter(isAlive), []);
    },
  );

  declare(
    `${freezer}: an engine that was killed leaves frozen environments to the next`,
    async (t) => {
      const { rig, kill } = await startDoomed(t, { freezer });
      await rig.create("web");
      const file = rig.path("ticks");
      const first = await rig.invoke("web", "web-0", { action: "tick", file });
      while (!(await rests(file)));
      await kill();
      await rig.restart();
      await allFrozen(rig);
      t.true(await rests(file));
      const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
      t.like(payload as object, first.payload as object);
      t.deepEqual(rig.ended, []);
    },
  );
}

const withCgroups = onlyIf(hasCgroups, "a cgroup v2 that cgroups can be made in");

withCgroups("the cgroup of an engine is gone when it has closed", async (t) => {
  const { rig, kill } = await startDoomed(t);
  await rig.create("web");
  await rig.invoke("web", "web-0", { action: "tree" });
  const directory = readFileSync(rig.path("state/cgroup"), "utf8");
  t.true(readdirSync(directory, { withFileTypes: true }).some((entry) => entry.isDirectory()));
  await kill();
  t.true(existsSync(directory));
  await rig.restart();
  t.deepEqual(rig.engine.freezer, { kind: "cgroup", reason: null });
  await rig.engine.close();
  t.false(existsSync(directory));
  t.false(existsSync(rig.path("state/cgroup")));
});

test("an engine that is told to use signals says so", async (t) => {
  const rig = await EngineRig.start(t, { freezer: "signals" });
  t.deepEqual(rig.engine.freezer, { kind: "signals", reason: "cgroups are switched off" });
});
