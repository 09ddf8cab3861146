/** A supervisor takes up a life, and has to find out whether its environment is still there. */
import test, { type ExecutionContext } from "ava";
import type { HostRecord } from "../../platform/ports/membership.js";
import { bootIdOf, environmentOf } from "../../platform/protocol/boot-id.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { declared, FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

const refusal = {
  type: "environment.refused",
  reason: "this environment is not the one meant",
} as const;
const settleMs = 2;
const home = "2026/11/21/[$LATEST]5f3a";
const bootId = bootIdOf(home, "V1StGXR8_Z5j-Hi");
const stray = { environment: "9c04", claim: null };

function adopting(owner = bootId): SupervisorRig {
  const record: HostRecord = {
    ...{
      deployId: "deploy",
      host: "web",
      state: "running",
      incarnation: 1,
      version: 2,
      owner,
      node: "node",
    },
    ...{ operation: "op", claim: null, attempt: 1, leaseMs: 10_000, memory: null, failure: null },
  };
  const rig = new SupervisorRig([declared()], [record]);
  rig.supervisor.adopt(new Set());
  return rig;
}

function reconcile(rig: SupervisorRig, environments: Readonly<Record<string, boolean>>): void {
  const found = Object.entries(environments).map(
    ([name, invoked]) => [name, { invoked, pid: 200 }] as const,
  );
  rig.supervisor.hosts.get("web")?.reconcile(new Map(found));
}

async function isOver(t: ExecutionContext, rig: SupervisorRig): Promise<void> {
  t.is(rig.state(), "terminating");
  await settled();
  t.is(rig.state(), "imaginary");
  t.is(rig.invocations.length, 0);
}

test("a boot id tells the environment, or that it was given without one", (t) => {
  t.is(environmentOf(bootId), home);
  t.is(environmentOf(bootIdOf("a.b", "nonce")), "a.b");
  t.is(environmentOf(bootIdOf(null, "nonce")), null);
});

test("a life is over whose environment is gone, whichever others the cloud has", async (t) => {
  for (const others of [{}, { [stray.environment]: true }, { [stray.environment]: false }]) {
    const rig = adopting();
    reconcile(rig, others);
    await isOver(t, rig);
  }
});

test("a life is over when its environment ends before it is met, and not before", async (t) => {
  const rig = adopting();
  reconcile(rig, { [home]: true, [stray.environment]: true });
  rig.supervisor.environmentEnded("web", 555, stray);
  rig.supervisor.environmentEnded("web", 556, { ...stray, environment: bootId });
  t.is(rig.state(), "running");
  rig.supervisor.environmentEnded("web", 557, { ...stray, environment: home });
  await isOver(t, rig);
});

test("an environment that is looked for is invoked at once only where it is not", async (t) => {
  for (const [invoked, count] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const rig = adopting();
    reconcile(rig, { [home]: invoked, [stray.environment]: !invoked });
    rig.advance(settleMs);
    await settled();
    t.is(rig.invocations.length, count);
    t.is(rig.state(), "running");
  }
});

test("an environment that is meant and has no such life proves its end", async (t) => {
  const rig = adopting();
  reconcile(rig, { [home]: false });
  rig.advance(settleMs);
  t.deepEqual(rig.stray(bootId).sent, [refusal]);
  await settled();
  t.is(rig.state(), "imaginary");
});

test("what the cloud says of environments changes nothing of a life that was met", async (t) => {
  const rig = adopting();
  const life = { deployId: "deploy", host: "web", incarnation: 1 };
  rig.resume(life, bootId);
  reconcile(rig, {});
  rig.supervisor.environmentEnded("web", 555, { ...stray, environment: home });
  t.is(rig.state(), "running");
});

test("nothing is concluded of a life whose environment has no name", (t) => {
  const rig = adopting("nonce");
  reconcile(rig, { [stray.environment]: true });
  rig.supervisor.environmentEnded("web", 555, stray);
  t.is(rig.state(), "running");
});

test("only the environment that has the life, or may have it, is needed", async (t) => {
  const running = adopting().supervisor.hosts.get("web");
  t.true(running?.mayLiveIn(home));
  t.false(running?.mayLiveIn(stray.environment));
  const unnamed = adopting("nonce").supervisor.hosts.get("web");
  t.true(unnamed?.mayLiveIn(stray.environment));
  const booting = new SupervisorRig([declared()]);
  t.false(booting.supervisor.hosts.get("web")?.mayLiveIn(home));
  booting.placeholder(80).connect();
  await settled();
  t.true(booting.supervisor.hosts.get("web")?.mayLiveIn(home));
});

const asleep: HostRecord = {
  ...{ deployId: "deploy", host: "web", state: "suspended", incarnation: 1, version: 3 },
  ...{
    owner: null,
    node: "node",
    memory: bootId,
    operation: "op",
    claim: null,
    attempt: 1,
    leaseMs: 1,
  },
  failure: null,
};

test("a life that slept is woken where its environment is there, else it is over", async (t) => {
  const rig = new SupervisorRig([declared()], [asleep]);
  rig.supervisor.adopt(new Set());
  t.is(rig.state(), "suspended");
  reconcile(rig, { [home]: false });
  t.is(rig.state(), "resuming");
  t.like(rig.changes.at(-1), { signal: "restart", by: "web" });
  t.true(rig.supervisor.hosts.get("web")?.mayLiveIn(home));
  const lost = new SupervisorRig([declared()], [asleep]);
  lost.supervisor.adopt(new Set());
  reconcile(lost, { [stray.environment]: false });
  await settled();
  t.is(lost.state(), "imaginary");
});

test("a port that no guest has refuses, after a restart in the sleep as before it", async (t) => {
  const rig = new SupervisorRig([declared()], [asleep], new MemoryMembership([asleep]));
  rig.holder = null;
  rig.supervisor.adopt(new Set());
  reconcile(rig, { [home]: false });
  await settled();
  await settled();
  rig.resume(asleep, bootId);
  await settled();
  await settled();
  t.is(rig.state(), "running");
  rig.advance(29_000);
  t.false(rig.placeholder(80).closed);
  rig.advance(1_000);
  t.true(rig.placeholder(80).closed);
});

test("a boot event of a life that sleeps, come twice, is not the life", async (t) => {
  for (const isWoken of [false, true]) {
    const rig = new SupervisorRig([declared()], [asleep], new MemoryMembership([asleep]));
    rig.supervisor.adopt(new Set());
    if (isWoken) {
      reconcile(rig, { [home]: false });
      await settled();
      t.is(rig.invocations.length, 1);
    }
    const { deployId, host, incarnation } = asleep;
    const life = { deployId, host, incarnation, bootId };
    const late = new FakePeer(300);
    const message = { type: "environment.started", ...life, claim: "nonce", pid: 300 } as const;
    rig.supervisor.environmentReported(late, message);
    const reason = "this life is not the one that is meant";
    t.deepEqual(late.sent, [{ type: "environment.refused", reason }]);
    if (!isWoken) continue;
    // Who has no such life says so, and the record's environment is met nowhere else.
    rig.stray(bootId);
    await settled();
    t.is(rig.state(), "imaginary");
  }
});
