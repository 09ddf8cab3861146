import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { claimCgroup } from "../../simulator/lambda/cgroup.js";
import { chooseFreezer, freezerKind } from "../../simulator/lambda/choose-freezer.js";
import type { Freezer } from "../../simulator/lambda/freezer.js";
import { SignalFreezer } from "../../simulator/lambda/signal-freezer.js";
import { onlyIf } from "../process/requirements.js";
import { takeDescriptors } from "./descriptors.js";
import { cgroups, family, log, storm, TestTree } from "./frozen-trees.js";

const hasCgroups = freezerKind().kind === "cgroup";
const name = `im-test-${process.pid}`;

function signals(): SignalFreezer {
  return new SignalFreezer(systemClock, log, null);
}

const kinds: readonly (readonly [string, boolean, (t: ExecutionContext) => Freezer])[] = [
  ["cgroup", hasCgroups, cgroups],
  ["signals", true, signals],
];

for (const [kind, isHere, open] of kinds) {
  const declare = onlyIf(isHere, "a cgroup v2 that cgroups can be made in");

  declare(`${kind}: a whole tree stops, sessions of their own too, and goes on`, async (t) => {
    const tree = new TestTree(t, open(t));
    await tree.start(family);
    for (let round = 0; round < 3; round += 1) {
      t.true(await tree.freezable.freeze());
      t.true(await tree.rests());
      tree.freezable.thaw();
      await tree.grows();
    }
    const lines = new Set(readFileSync(tree.file, "latin1").split("\n"));
    t.deepEqual([...lines].sort(), ["", "child", "orphan", "parent"]);
  });

  declare(`${kind}: a tree that forks without end stops too`, async (t) => {
    const tree = new TestTree(t, open(t));
    await tree.start(storm);
    t.true(await tree.freezable.freeze());
    t.true(await tree.rests());
    tree.freezable.thaw();
    await tree.grows();
  });

  declare(`${kind}: a thaw in the middle of a freeze wins`, async (t) => {
    const tree = new TestTree(t, open(t));
    await tree.start(family);
    const frozen = tree.freezable.freeze();
    tree.freezable.thaw();
    await frozen;
    await tree.grows();
    t.false(await tree.rests());
  });

  declare(`${kind}: a frozen tree can be killed`, async (t) => {
    const tree = new TestTree(t, open(t));
    await tree.start(family);
    t.true(await tree.freezable.freeze());
    const pids = (await tree.processes.members()).map(({ pid }) => pid);
    t.true(pids.length >= 3);
    tree.freezable.kill();
    await tree.processes.kill();
    t.deepEqual(await tree.processes.members(), []);
  });
}

const withCgroups = onlyIf(hasCgroups, "a cgroup v2 that cgroups can be made in");

withCgroups(
  "without a free descriptor a tree freezes and thaws as soon as there is one",
  async (t) => {
    const tree = new TestTree(t, cgroups(t));
    await tree.start(family);
    let release = takeDescriptors();
    const frozen = tree.freezable.freeze();
    release();
    t.true(await frozen);
    t.true(await tree.rests());
    release = takeDescriptors();
    tree.freezable.thaw();
    release();
    await tree.grows();
  },
);

withCgroups("a tree that another way has frozen is adopted and runs", async (t) => {
  const freezer = cgroups(t);
  const tree = new TestTree(t, signals());
  await tree.start(family);
  t.true(await tree.freezable.freeze());
  tree.freezable = freezer.open(tree.id, tree.processes);
  await tree.freezable.adopt();
  await tree.grows();
  t.true(await tree.freezable.freeze());
  t.true(await tree.rests());
});

withCgroups("a tree that an earlier engine's cgroup has frozen is adopted and runs", async (t) => {
  const freezer = cgroups(t);
  const tree = new TestTree(t, freezer);
  await tree.start(family);
  t.true(await tree.freezable.freeze());
  tree.freezable = freezer.open(tree.id, tree.processes);
  await tree.freezable.adopt();
  await tree.grows();
});

withCgroups("cgroups of environments that nobody has go, with what is in them", async (t) => {
  const freezer = cgroups(t);
  const [lost, kept] = [new TestTree(t, freezer), new TestTree(t, freezer)];
  await lost.start(family);
  await kept.start(family);
  t.true(await lost.freezable.freeze());
  await freezer.collect(new Set([kept.id]));
  t.deepEqual(await lost.processes.members(), []);
  t.false(await kept.rests());
});

withCgroups("a cgroup is claimed by name, recorded, and found again from elsewhere", async (t) => {
  const parts = { runtimeDirectory: `/nowhere/${name}`, stateFile: `/tmp/${name}.cgroup` };
  const settings = { ...parts, clock: systemClock, log };
  const first = chooseFreezer({ ...settings, wanted: "auto" });
  t.is(first.kind, "cgroup");
  const directory = readFileSync(parts.stateFile, "utf8");
  t.true(existsSync(directory));
  mkdirSync(join(directory, "left"));
  t.like(chooseFreezer({ ...settings, wanted: "signals" }), { kind: "signals" });
  const second = chooseFreezer({ ...settings, wanted: "auto" });
  await second.collect(new Set());
  t.deepEqual(
    readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    [],
  );
  await second.close();
  t.false(existsSync(directory));
  rmSync(parts.stateFile);
});

test("a cgroup that cannot be made is refused with the reason", (t) => {
  const claimed = claimCgroup("two\nlines");
  t.is(claimed.directory, null);
  t.regex(claimed.reason ?? "", /no cgroup can be made here: E|not mounted/);
});
