import test from "ava";
import { declared, type FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

const refusal = {
  type: "environment.refused",
  reason: "this environment is not the one meant",
} as const;
const settleMs = 2;

/** Running in the environment `boot-101`, whose invocation has just ended. */
async function returned(): Promise<{ rig: SupervisorRig; peer: FakePeer }> {
  const rig = new SupervisorRig([declared()]);
  const peer = await rig.boot();
  rig.supervisor.message(peer, { type: "environment.returning" });
  rig.advance(settleMs);
  await settled();
  return { rig, peer };
}

test("the event that continues a life names its incarnation and its environment", async (t) => {
  const { rig } = await returned();
  t.is(rig.invocations.length, 2);
  t.deepEqual(rig.invocations[1], {
    functionName: "im_shop_web",
    tenantId: "web",
    payload: {
      version: 1,
      action: "continue",
      deployId: "deploy",
      host: "web",
      incarnation: 1,
      memory: "boot-101",
      nodeSocket: "node.sock",
    },
  });
});

test("an environment that is not the one meant is refused when that one was invoked", async (t) => {
  const { rig, peer } = await returned();
  const stray = rig.stray("boot-7");
  t.deepEqual(stray.sent, []);
  rig.advance(10);
  await settled();
  t.is(rig.invocations.length, 3);
  rig.supervisor.message(peer, { type: "environment.continued" });
  t.deepEqual(stray.sent, [refusal]);
  t.is(rig.state(), "running");
  t.is(rig.supervisor.hosts.get("web")?.handOvers, 1);
});

test("an environment that comes too late, or for another life, is refused at once", async (t) => {
  const { rig, peer } = await returned();
  t.deepEqual(rig.stray("boot-7", 42).sent, [refusal]);
  rig.supervisor.message(peer, { type: "environment.continued" });
  t.deepEqual(rig.stray("boot-7").sent, [refusal]);
  rig.supervisor.message(peer, { type: "guest.exited", code: 0, signal: null });
  await settled();
  t.deepEqual(rig.stray("boot-7").sent, [refusal]);
  t.is(rig.state(), "imaginary");
});

test("environments that hold an event for a life that ends are let go", async (t) => {
  const { rig, peer } = await returned();
  const stray = rig.stray("boot-7");
  rig.supervisor.message(peer, { type: "guest.exited", code: 0, signal: null });
  await settled();
  t.deepEqual(stray.sent, [refusal]);
});

test("an event for a host that is not declared is refused", (t) => {
  const rig = new SupervisorRig([declared("db")]);
  t.like(rig.stray("boot-7").sent[0], { type: "environment.refused" });
});

test("a throttled invocation is repeated, and nothing of it is to be seen", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const peer = await rig.boot();
  const changes = rig.changes.length;
  rig.throttled = 4;
  rig.supervisor.message(peer, { type: "environment.returning" });
  for (const pauseMs of [settleMs, 10, 40, 160, 640]) {
    rig.advance(pauseMs);
    await settled();
  }
  t.is(rig.invocations.length, 6);
  t.is(rig.throttled, 0);
  rig.supervisor.message(peer, { type: "environment.continued" });
  rig.advance(60_000);
  t.is(rig.changes.length, changes);
  t.is(rig.state(), "running");
  t.is(rig.invocations.length, 6);
});
