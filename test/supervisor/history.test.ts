import test from "ava";
import type { Cause } from "../../platform/lifecycle/events.js";
import { type HostChange, HostHistory } from "../../platform/supervisor/host-history.js";
import { Origins } from "../../platform/supervisor/origins.js";
import type { SupervisorContext } from "../../platform/supervisor/supervisor-context.js";
import { blockBase, declared, FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

function historyOf(rig: SupervisorRig, host = "web"): HostHistory {
  const found = rig.supervisor.hosts.get(host);
  if (found === undefined) throw new Error(`no host ${host}`);
  return found.history;
}

function clientOf(rig: SupervisorRig, program: string, pid: number): FakePeer {
  const client = new FakePeer(pid);
  const message = { deployment: "shop", as: null, program, pid } as const;
  rig.supervisor.clientStarted(client, { type: "client.started", ...message });
  return client;
}

test("a wake tells how long each of the machine's states took, in their order", async (t) => {
  const rig = new SupervisorRig([declared()]);
  rig.placeholder(80).connect();
  await settled();
  rig.advance(30);
  const peer = rig.environment();
  await settled();
  rig.supervisor.message(peer, { type: "guest.started", pid: 7 });
  rig.advance(12);
  peer.ask({ type: "bind", port: 80 });
  peer.ask({ type: "listen", port: 80 });
  const { lastWake } = historyOf(rig);
  t.deepEqual(lastWake?.phases, [
    { name: "claiming", tookMs: 0 },
    { name: "invoking", tookMs: 0 },
    { name: "booting", tookMs: 30 },
    { name: "registering", tookMs: 0 },
    { name: "starting", tookMs: 12 },
  ]);
  t.is(lastWake?.tookMs, 42);
  t.is(rig.changes.at(-1)?.wake, lastWake);
});

test("a wake that is under way tells the phase that it is in", async (t) => {
  const rig = new SupervisorRig([declared()]);
  rig.placeholder(80).connect();
  await settled();
  rig.advance(500);
  const present = historyOf(rig).presentWake;
  t.like(present?.phases.at(-1), { name: "booting", tookMs: 500 });
  t.is(present?.tookMs, 500);
  t.is(historyOf(rig).lastWake, null);
});

test("a blocking connect says itself which process it is of", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const client = clientOf(rig, "curl", 40);
  client.ask({ type: "connect", address: blockBase + 1, port: 80, pid: 4242 });
  await settled();
  rig.advance(10);
  t.like(historyOf(rig).presentWake, { by: "curl", pid: 4242, program: "program-4242", port: 80 });
});

test("of a connection that waits in the queue the kernel says whose it is", async (t) => {
  const rig = new SupervisorRig([declared("web", 1, [80]), declared("api", 2, [3000])]);
  const peer = await rig.boot(80);
  rig.placeholder(3000).queue = [{ address: blockBase + 1, port: 50_000 }];
  rig.placeholder(3000).connect();
  await settled();
  rig.advance(10);
  const wake = historyOf(rig, "api").presentWake;
  t.like(wake, { by: "web", pid: 50_000, program: `below-${peer.pid}`, port: 3000 });
});

test("who is outside is looked for everywhere, and only where a source is known", async (t) => {
  const rig = new SupervisorRig([declared()]);
  rig.placeholder(80).queue = [{ address: 0x7f000001, port: 50_001 }];
  await rig.boot();
  t.like(historyOf(rig).lastWake, { by: "outside", pid: 50_001, program: "below-null" });
  const unknown = new SupervisorRig([declared()]);
  await unknown.boot();
  t.like(historyOf(unknown).lastWake, { by: "outside", pid: null, program: null });
});

test("a wake that fails leaves the last one that did not", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const peer = await rig.boot();
  rig.supervisor.message(peer, { type: "guest.exited", code: 0, signal: null });
  await settled();
  const { lastWake } = historyOf(rig);
  rig.placeholder(80).connect();
  await settled();
  rig.supervisor.environmentEnded("web", 999, { environment: "one", claim: rig.claim });
  await settled();
  t.is(rig.state(), "failed");
  t.is(historyOf(rig).presentWake, null);
  t.is(historyOf(rig).lastWake, lastWake);
  t.is(historyOf(rig).wakes, 1);
});

test("why a host went down does not change while it does", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const peer = await rig.boot();
  const stopping = rig.supervisor.stop("web");
  rig.supervisor.message(peer, { type: "guest.exited", code: 0, signal: null });
  await stopping;
  const down = rig.changes.slice(-2).map(({ to, signal, by }) => `${to} ${signal} ${by}`);
  t.deepEqual(down, ["terminating stop im", "imaginary stop im"]);
});

/** The machine's word for it, as far as a history reads it. */
type Snapshot = Parameters<HostHistory["observe"]>[0];

function snapshot(life: unknown, cause: Cause | null): Snapshot {
  const context = { cause, record: { incarnation: 4 }, failure: null };
  return { value: { life, invocation: "none" }, context } as unknown as Snapshot;
}

function sleeper() {
  let nowMs = 0;
  const clock = {
    nowMs: () => 1_000_000 + nowMs,
    monotonicMs: () => nowMs,
    setTimeout: () => 0,
    clearTimeout: () => undefined,
  };
  const found = { pid: 9, program: "node" };
  const holders = {
    program: () => "node",
    connector: () => ({ found, finish: () => found }),
    find: () => null,
    inhabited: () => true,
    onEnd: () => () => undefined,
  };
  const origins = new Origins({ clock, holders }, () => null);
  const changes: HostChange[] = [];
  const world = { origins, ports: { clock } } as unknown as SupervisorContext;
  const history = new HostHistory("web", world, (change) => changes.push(change));
  const woken = origins.cause({ signal: "connect", by: "curl", port: 80, pid: 40 });
  history.observe(snapshot({ allocating: "claiming" }, woken));
  history.observe(snapshot({ running: "serving" }, woken));
  const after = (ms: number, life: unknown, cause: Cause | null = woken) => {
    nowMs += ms;
    history.observe(snapshot(life, cause));
  };
  return { origins, history, changes, after };
}

test("a sleep is the host's own, whoever woke it before, and its length is noted", (t) => {
  const { origins, history, changes, after } = sleeper();
  const idle = origins.cause({ signal: "idle", by: "web" });
  after(1_000, { suspending: "watching" }, idle);
  after(3, "suspended", idle);
  t.deepEqual(history.lastSuspend, { atMs: 1_001_003, tookMs: 3 });
  t.deepEqual(
    changes.slice(-2).map(({ to, signal, by, tookMs }) => [to, signal, by, tookMs]),
    [
      ["suspending", "idle", "web", null],
      ["suspended", "idle", "web", 3],
    ],
  );
});

test("a host that is suspended by hand says so", (t) => {
  const { origins, changes, after } = sleeper();
  after(1_000, { suspending: "watching" }, origins.cause({ signal: "suspend", by: "im" }));
  t.like(changes.at(-1), { signal: "suspend", by: "im" });
});

test("a sleep that is called off is no wake", (t) => {
  const { history, changes, after } = sleeper();
  after(1_000, { suspending: "watching" });
  after(1, { running: "serving" });
  t.is(history.wakes, 1);
  t.is(history.lastSuspend, null);
  t.is(changes.at(-1)?.wake, null);
});

test("a wake from sleep has its own phases, also of states within states", (t) => {
  const { origins, history, changes, after } = sleeper();
  after(1_000, { suspending: "watching" });
  after(3, "suspended");
  const data = origins.cause({ signal: "data", by: "api", port: 80, pid: 41 });
  after(0, { resuming: "claiming" }, data);
  after(2, { resuming: { thawing: "asked" } }, data);
  after(4, { running: "serving" }, data);
  const phases = [
    { name: "claiming", tookMs: 2 },
    { name: "thawing.asked", tookMs: 4 },
  ];
  t.like(history.lastWake, { signal: "data", by: "api", pid: 41, program: "node", phases });
  t.is(history.wakes, 2);
  t.is(changes.at(-1)?.wake, history.lastWake);
});

test("a host that has slept long enough ends because of that", (t) => {
  const { origins, changes, after } = sleeper();
  after(1_000, { suspending: "watching" });
  after(3, "suspended");
  const expired = origins.cause({ signal: "expired", by: "web" });
  after(9_000, { resuming: "writing" }, expired);
  after(1, { terminating: "ending" }, expired);
  after(5, "imaginary", expired);
  t.deepEqual(
    changes.slice(-2).map(({ to, signal }) => `${to} ${signal}`),
    ["terminating expired", "imaginary expired"],
  );
});
