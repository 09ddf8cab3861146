import { constants } from "node:os";
import test from "ava";
import { recordIn } from "../membership/records.js";
import { blockBase, declared, FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

const exited = { type: "guest.exited", code: 0, signal: null } as const;

test("a connection on a placeholder boots the host, and its bind gets that socket", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const peer = await rig.boot();
  t.is(rig.state(), "running");
  t.is(rig.running.get(blockBase + 1), true);
  t.deepEqual(peer.sent[0], { type: "environment.accepted" });
  t.deepEqual(
    rig.changes.map(({ from, to }) => `${from} ${to}`),
    ["imaginary allocating", "allocating running"],
  );
});

test("a guest that says which process listens is not searched for among all", async (t) => {
  const rig = new SupervisorRig([declared()]);
  await rig.boot();
  t.is(rig.state(), "running");
  t.deepEqual(rig.likely, [1]);
});

test("a thousand connects to a cold host are one invocation", async (t) => {
  const rig = new SupervisorRig([declared("web", 1, [80, 81])]);
  const client = new FakePeer(1);
  rig.supervisor.clientStarted(client, {
    type: "client.started",
    deployment: "shop",
    as: null,
    program: "herd",
    pid: 1,
  });
  const waiting = Array.from({ length: 1000 }, () =>
    client.ask({ type: "connect", address: blockBase + 1, port: 80 }),
  );
  rig.placeholder(81).connect();
  await settled();
  t.is(rig.invocations.length, 1);
  await rig.boot();
  t.is(rig.invocations.length, 1);
  t.true(waiting.every(([answer]) => answer?.reply.error === 0));
});

test("a connect to a port that a booting guest has opened waits for no other port", async (t) => {
  const rig = new SupervisorRig([declared("web", 1, [80, 81])]);
  const peer = await rig.boot(81);
  t.is(rig.state(), "allocating");
  const client = new FakePeer(1);
  const started = { type: "client.started", deployment: "shop", as: null } as const;
  rig.supervisor.clientStarted(client, { ...started, program: "donor", pid: 1 });
  const dial = (port: number) => client.ask({ type: "connect", address: blockBase + 1, port });
  const [ready, open] = [dial(80), dial(81)];
  t.deepEqual([ready.length, open[0]?.reply.error], [0, 0]);
  peer.ask({ type: "bind", port: 80 });
  peer.ask({ type: "listen", port: 80 });
  t.is(ready[0]?.reply.error, 0);
  rig.supervisor.message(peer, exited);
  t.is(rig.state(), "terminating");
  t.deepEqual(dial(81), []);
});

test("a bind waits for the registration and a second bind of the port is refused", async (t) => {
  const rig = new SupervisorRig([declared()]);
  rig.placeholder(80).connect();
  await settled();
  const peer = rig.environment();
  const early = peer.ask({ type: "bind", port: 80 });
  t.deepEqual(early, []);
  await settled();
  t.true(early[0]?.handed);
  const second = peer.ask({ type: "bind", port: 80 });
  t.is(second[0]?.reply.error, constants.errno.EADDRINUSE);
});

test("a process of an earlier life gets no socket of the present one", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const first = await rig.boot();
  rig.supervisor.message(first, exited);
  await settled();
  await rig.boot();
  const late = first.ask({ type: "bind", port: 80 });
  t.is(late[0]?.reply.error, constants.errno.EADDRNOTAVAIL);
  t.is(rig.changes.at(-1)?.incarnation, 2);
});

test("an environment that dies before it says a word fails the boot at once", async (t) => {
  const rig = new SupervisorRig([declared()]);
  rig.placeholder(80).connect();
  await settled();
  rig.supervisor.environmentEnded("web", 999, { claim: rig.claim, environment: "another" });
  await settled();
  t.is(rig.state(), "failed");
  t.is(rig.placeholder(80).resets, 1);
});

test("the end of an earlier life's environment says nothing about the present boot", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const first = await rig.boot();
  const { claim } = rig;
  rig.supervisor.message(first, exited);
  await settled();
  rig.placeholder(80).connect();
  await settled();
  rig.supervisor.environmentEnded("web", first.pid, { claim, environment: "another" });
  t.is(rig.state(), "allocating");
});

test("an environment that had an earlier life fails the boot that it dies in", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const first = await rig.boot();
  rig.supervisor.message(first, exited);
  await settled();
  rig.placeholder(80).connect();
  await settled();
  rig.supervisor.environmentEnded("web", first.pid, { claim: rig.claim, environment: "another" });
  await settled();
  t.is(rig.state(), "failed");
});

test("an idle environment of many lives ago may end in the middle of a boot", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const idle = [999];
  for (let life = 0; life < 20; life += 1) {
    const peer = await rig.boot();
    idle.push(peer.pid);
    rig.supervisor.message(peer, exited);
    await settled();
  }
  rig.placeholder(80).connect();
  await settled();
  for (const pid of idle)
    rig.supervisor.environmentEnded("web", pid, { claim: null, environment: "another" });
  t.is(rig.state(), "allocating");
});

test("a port is closed under a guest that lives on without it, never after its end", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const peer = await rig.boot();
  rig.holder = null;
  rig.inhabited = false;
  peer.ask({ type: "close", port: 80 });
  rig.advance(60_000);
  t.false(rig.placeholder(80).closed);
  rig.inhabited = true;
  rig.advance(1_000);
  t.true(rig.placeholder(80).closed);
});

test("a life that is taken up before its guest has bound gets the time of a boot", async (t) => {
  const record = recordIn("running", { deployId: "deploy", owner: "boot-7" });
  const rig = new SupervisorRig([declared()], [record]);
  rig.holder = null;
  rig.supervisor.adopt(new Set());
  rig.resume(record, "boot-7");
  t.is(rig.state(), "running");
  rig.advance(29_000);
  t.false(rig.placeholder(80).closed);
  rig.advance(1_000);
  t.true(rig.placeholder(80).closed);
});

/** An earlier supervisor wrote down that curl had connected, and no more. */
function recallWaking(rig: SupervisorRig): void {
  const waking = { signal: "connect", by: "curl" };
  const past = { wakes: 0, lastWake: null, lastSuspend: null, waking };
  rig.supervisor.hosts.get("web")?.history.recall(past);
}

test("a life that was left in the middle of its boot boots on", async (t) => {
  const record = recordIn("running", { deployId: "deploy", owner: "boot-7" });
  const rig = new SupervisorRig([declared()], [record]);
  rig.holder = null;
  recallWaking(rig);
  rig.supervisor.adopt(new Set());
  const peer = rig.resume(record, "boot-7");
  t.is(rig.state(), "allocating");
  t.like(peer.ask({ type: "bind", port: 80 }), [{ handed: true }]);
  peer.ask({ type: "listen", port: 80 });
  t.is(rig.state(), "running");
});

test("a life that has its port when it is taken up serves on", async (t) => {
  const record = recordIn("running", { deployId: "deploy", owner: "boot-7" });
  const rig = new SupervisorRig([declared()], [record]);
  recallWaking(rig);
  rig.supervisor.adopt(new Set());
  t.is(rig.state(), "allocating");
  rig.resume(record, "boot-7");
  t.is(rig.state(), "running");
  t.like(rig.changes, [{ from: "allocating", to: "running", signal: "connect", by: "curl" }]);
});

test("a life that had served and has ended meanwhile has not failed", async (t) => {
  const record = recordIn("running", { deployId: "deploy", owner: "boot-7" });
  const rig = new SupervisorRig([declared()], [record]);
  rig.holder = null;
  rig.supervisor.adopt(new Set());
  const peer = rig.resume(record, "boot-7");
  rig.supervisor.message(peer, { type: "guest.exited", code: 0, signal: null });
  await settled();
  t.is(rig.state(), "imaginary");
  t.is(rig.placeholder(80).resets, 0);
});

test("a command that was let start, and could not be, fails after a restart", async (t) => {
  const record = recordIn("running", { deployId: "deploy", owner: "boot-7" });
  const rig = new SupervisorRig([{ ...declared(), ready: "exec", readyPort: null }], [record]);
  rig.supervisor.adopt(new Set());
  const peer = new FakePeer(200);
  const life = {
    deployId: "deploy",
    host: "web",
    incarnation: record.incarnation,
    bootId: "boot-7",
  };
  rig.supervisor.environmentReported(peer, {
    ...{ type: "environment.resumed", ...life, pid: 200, guestPid: null, invoked: true },
  });
  const error = { code: "IM_GUEST_COMMAND", message: "cannot execute" };
  rig.supervisor.message(peer, { type: "guest.failed", error });
  await settled();
  t.is(rig.state(), "failed");
});

test("a port scan opens a bounded number of placeholders", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const client = new FakePeer(1);
  rig.supervisor.clientStarted(client, {
    type: "client.started",
    deployment: "shop",
    as: null,
    program: "scan",
    pid: 1,
  });
  const answers = Array.from({ length: 100 }, (_, n) =>
    client.ask({ type: "connect", address: blockBase + 1, port: 1000 + n, nonblocking: true }),
  );
  const refused = answers.filter(([a]) => a?.reply.error === constants.errno.ECONNREFUSED);
  t.is(refused.length, 84);
  t.is(rig.sockets.opened.length, 17);
});

test("whom a life never served is not a reason for the next one", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const client = new FakePeer(1);
  rig.supervisor.clientStarted(client, {
    type: "client.started",
    deployment: "shop",
    as: null,
    program: "probe",
    pid: 1,
  });
  const answer = client.ask({ type: "connect", address: blockBase + 1, port: 22 });
  const peer = await rig.boot();
  rig.supervisor.message(peer, exited);
  await settled();
  t.is(answer[0]?.reply.error, constants.errno.ECONNREFUSED);
  t.is(rig.state(), "imaginary");
  t.is(rig.invocations.length, 1);
});

test("a host that is retired is woken by nobody, and whoever waits for it is told", async (t) => {
  const rig = new SupervisorRig([declared()]);
  const waking = rig.supervisor.wake("web");
  rig.supervisor.retire(["web"]);
  const stopping = rig.supervisor.stop("web");
  await settled();
  await stopping;
  rig.placeholder(80).connect();
  t.is(rig.state(), "imaginary");
  await t.throwsAsync(waking, { code: "IM_STOPPED" });
  const late = rig.supervisor.wake("web");
  rig.supervisor.forget("web");
  await t.throwsAsync(late, { code: "IM_NO_HOST" });
});

test("addresses that are nobody's, and another client's, are told apart", (t) => {
  const rig = new SupervisorRig([declared()]);
  const message = { type: "client.started", deployment: "shop", as: null, pid: 1 } as const;
  const [one, two] = [new FakePeer(1), new FakePeer(2)];
  rig.supervisor.clientStarted(one, { ...message, program: "one" });
  rig.supervisor.clientStarted(two, { ...message, program: "two" });
  const client = one.ask({ type: "connect", address: blockBase + 24_577, port: 9 });
  t.is(client[0]?.reply.error, 0);
  const nobody = one.ask({ type: "connect", address: blockBase + 77, port: 9 });
  t.is(nobody[0]?.reply.error, constants.errno.EHOSTUNREACH);
});
