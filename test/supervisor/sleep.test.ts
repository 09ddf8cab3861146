/** Idle hosts fall asleep behind a guard, and what happens to them wakes them. */
import test from "ava";
import { ImError } from "../../platform/errors/im-error.js";
import type { Connection } from "../../platform/ports/sensor.js";
import type { DeclaredHost } from "../../platform/supervisor/declared-host.js";
import { connection } from "../idle/look.js";
import { blockBase, declared, type FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

const address = blockBase + 1;
const afterMs = 1000;

function sleeper(more: Partial<DeclaredHost> = {}): DeclaredHost {
  const idle = { afterMs, terminateAfterMs: 60_000, inFlightMaxMs: 5000, honorsTimers: false };
  return { ...declared(), idle, ...more };
}

/** Running, and its sockets are these. */
async function awake(host = sleeper(), connections: readonly Connection[] = []) {
  const rig = new SupervisorRig([host]);
  rig.connections.set(address, connections);
  const peer = await rig.boot();
  await settled();
  return { rig, peer };
}

async function quiet(rig: SupervisorRig, ms = afterMs): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 50) rig.advance(50);
  await settled();
}

async function returned(rig: SupervisorRig, peer: FakePeer): Promise<void> {
  rig.supervisor.message(peer, { type: "environment.returning" });
  rig.supervisor.hosts.get("web")?.environmentFrozen();
  await settled();
}

async function asleep(host = sleeper(), connections: readonly Connection[] = []) {
  const { rig, peer } = await awake(host, connections);
  await quiet(rig);
  await returned(rig, peer);
  return { rig, peer };
}

/** The environment is invoked again, and says so. */
async function continued(rig: SupervisorRig, peer: FakePeer): Promise<void> {
  await settled();
  rig.advance(2);
  await settled();
  rig.supervisor.message(peer, { type: "environment.continued" });
  await settled();
}

const guardOf = (rig: SupervisorRig) => [...rig.guards].at(-1);
const told = (peer: FakePeer) => peer.sent.map(({ type }) => type);
const changesOf = (rig: SupervisorRig) => rig.changes.map(({ to, signal }) => `${to} ${signal}`);

test("a host that is quiet for long enough falls asleep, and its guard stands", async (t) => {
  const { rig, peer } = await awake();
  await quiet(rig, afterMs / 2);
  t.is(rig.state(), "running");
  t.is(rig.guards.size, 0);
  await quiet(rig);
  t.is(rig.state(), "suspending");
  t.is(guardOf(rig)?.runtimePid, peer.pid);
  t.is(told(peer).at(-1), "suspend");
  await returned(rig, peer);
  t.is(rig.state(), "suspended");
  t.is(rig.guards.size, 1);
  t.deepEqual(changesOf(rig).slice(-2), ["suspending idle", "suspended idle"]);
});

test("a host whose idle time is never stays awake, and says so", async (t) => {
  const idle = { ...sleeper().idle, afterMs: null };
  const { rig } = await awake(sleeper({ idle }));
  await quiet(rig, 10_000);
  t.is(rig.state(), "running");
  t.like(rig.supervisor.hosts.get("web")?.verdict, { idle: false, reason: { rule: "never" } });
});

test("a sleep by hand that cannot be guarded is refused, and the host serves on", async (t) => {
  const { rig, peer } = await awake();
  rig.unguarded = new ImError("IM_GUARD_REFUSED", { what: "the guests may not be looked into" });
  await t.throwsAsync(rig.supervisor.suspend("web"), { code: "IM_GUARD_REFUSED" });
  t.is(rig.state(), "running");
  t.false(told(peer).includes("suspend"));
  rig.unguarded = null;
  const suspended = rig.supervisor.suspend("web");
  await settled();
  await returned(rig, peer);
  await suspended;
  t.is(rig.state(), "suspended");
});

test("a request that is not answered keeps a host awake, until its cap", async (t) => {
  const asked = connection({ address, port: 80, received: 10, lastReceivedAtMs: 0 });
  const { rig } = await awake(sleeper(), [asked]);
  await quiet(rig, 4000);
  t.like(rig.supervisor.hosts.get("web")?.verdict, { reason: { rule: "answering" } });
  await quiet(rig, 2000);
  t.not(rig.state(), "running");
});

test("what the look behind the guard sees calls the sleep off", async (t) => {
  const { rig, peer } = await awake();
  const before = rig.changes.length;
  // It arrives between the look that said idle and the guard.
  const arm = rig.guards.add.bind(rig.guards);
  rig.guards.add = (guard) => {
    rig.connections.set(address, [connection({ address, port: 80, waiting: true })]);
    return arm(guard);
  };
  await quiet(rig);
  t.is(rig.state(), "running");
  t.is(rig.changes.length, before);
  t.is(rig.guards.size, 0);
  t.false(told(peer).includes("suspend"));
  t.like(rig.supervisor.hosts.get("web")?.verdict, { reason: { rule: "unaccepted" } });
});

test("what arrives while a host sleeps wakes it, and is told by name", async (t) => {
  const open = connection({ id: 9, address, port: 80, peerAddress: 1 });
  const { rig, peer } = await asleep(sleeper(), [open]);
  rig.connections.set(address, [{ ...open, receiveQueue: 14 }]);
  guardOf(rig)?.signal(9);
  t.is(rig.state(), "resuming");
  await continued(rig, peer);
  t.is(rig.state(), "running");
  t.is(rig.guards.size, 0);
  const host = rig.supervisor.hosts.get("web");
  t.is(host?.incarnation, 1);
  t.like(host?.history.lastWake, { signal: "data", by: "outside", port: 80 });
  t.is(host?.history.wakes, 2);
  t.is(rig.invocations.length, 2);
});

test("a process that is killed in its sleep wakes the host, which then has ended", async (t) => {
  const { rig, peer } = await asleep();
  guardOf(rig)?.end(7);
  t.is(rig.state(), "resuming");
  await continued(rig, peer);
  t.like(rig.supervisor.hosts.get("web")?.history.lastWake, { signal: "end", by: "web" });
  rig.supervisor.message(peer, { type: "guest.exited", code: null, signal: "SIGKILL" });
  rig.supervisor.environmentEnded("web", peer.pid, { environment: "boot-101", claim: null });
  await settled();
  t.is(rig.state(), "imaginary");
});

test("a connect under the shim wakes a sleeper, and is let through at once", async (t) => {
  const { rig, peer } = await asleep();
  t.false(rig.running.get(address));
  const client = rig.client();
  const answers = client.ask({ type: "connect", address, port: 80, pid: 77 });
  t.like(answers[0]?.reply, { error: 0, action: "native" });
  t.is(rig.state(), "resuming");
  await continued(rig, peer);
  t.true(rig.running.get(address));
  t.like(rig.supervisor.hosts.get("web")?.history.lastWake, { signal: "connect", pid: 77 });
});

const steps = {
  "before it is written": async () => undefined,
  "before it returns": async () => settled(),
  "before it is frozen": async (rig: SupervisorRig, peer: FakePeer) => {
    await settled();
    rig.supervisor.message(peer, { type: "environment.returning" });
  },
  "when it sleeps": async (rig: SupervisorRig, peer: FakePeer) => {
    await settled();
    await returned(rig, peer);
  },
};

for (const [when, arrive] of Object.entries(steps)) {
  test(`a signal ${when} leaves the host awake in the end`, async (t) => {
    const { rig, peer } = await awake();
    for (let passedMs = 0; rig.state() === "running" && passedMs < 2000; passedMs += 50) {
      rig.advance(50);
    }
    await arrive(rig, peer);
    guardOf(rig)?.signal(null);
    await settled();
    if (told(peer).includes("suspend") && when === "before it returns") {
      rig.supervisor.message(peer, { type: "environment.returning" });
    }
    if (told(peer).includes("suspend")) await continued(rig, peer);
    t.is(rig.state(), "running");
    t.is(rig.guards.size, 0);
  });
}

test("by hand a host is suspended however short it was quiet", async (t) => {
  const { rig, peer } = await awake();
  const suspended = rig.supervisor.suspend("web");
  await settled();
  await returned(rig, peer);
  await suspended;
  t.is(rig.state(), "suspended");
  t.deepEqual(changesOf(rig).slice(-2), ["suspending suspend", "suspended suspend"]);
  await rig.supervisor.suspend("web");
});

test("by hand nothing is suspended that has something to do, or does not run", async (t) => {
  const { rig } = await awake(sleeper(), [connection({ address, port: 80, receiveQueue: 3 })]);
  await t.throwsAsync(rig.supervisor.suspend("web"), {
    code: "IM_HOST_BUSY",
    message: /queue|wait/,
  });
  t.is(rig.state(), "running");
  const resting = new SupervisorRig([sleeper()]);
  await t.throwsAsync(resting.supervisor.suspend("web"), { code: "IM_HOST_BUSY" });
  t.throws(() => resting.supervisor.suspend("api"), { code: "IM_NO_HOST" });
});

test("a host that is woken by time is, asleep or imaginary", async (t) => {
  const { rig, peer } = await asleep(sleeper({ wakeEveryMs: 5000 }));
  rig.advance(5000);
  t.is(rig.state(), "resuming");
  await continued(rig, peer);
  t.like(rig.supervisor.hosts.get("web")?.history.lastWake, { signal: "timer", by: "web" });
  const resting = new SupervisorRig([sleeper({ wakeEveryMs: 5000 })]);
  resting.advance(4999);
  t.is(resting.state(), "imaginary");
  resting.advance(1);
  t.is(resting.state(), "allocating");
});

test("a host at rest is woken by the time that a new manifest gives, not by an old one", (t) => {
  const rig = new SupervisorRig([sleeper()]);
  const redeclare = (wakeEveryMs: number | null) =>
    rig.supervisor.declare([sleeper({ wakeEveryMs })], []);
  redeclare(5000);
  redeclare(null);
  rig.advance(5000);
  t.is(rig.state(), "imaginary");
  redeclare(5000);
  rig.advance(4999);
  redeclare(5000);
  t.is(rig.state(), "imaginary");
  rig.advance(1);
  t.is(rig.state(), "allocating");
});

test("a host that honours its guest's timers is woken for the next of them", async (t) => {
  const idle = { ...sleeper().idle, honorsTimers: true };
  const { rig, peer } = await awake(sleeper({ idle }));
  rig.waits = [{ thread: 1, switches: 1, dueMs: 8000, forMs: null }];
  await quiet(rig);
  await returned(rig, peer);
  t.is(rig.state(), "suspended");
  rig.advance(8000 - rig.nowMs - 1);
  t.is(rig.state(), "suspended");
  rig.advance(1);
  t.is(rig.state(), "resuming");
});

test("a timer that is due too soon for a sleep is told as what keeps the host awake", async (t) => {
  const idle = { ...sleeper().idle, honorsTimers: true };
  const { rig, peer } = await asleep(sleeper({ idle }));
  // A sleep that was not worth it: from now on timers are weighed.
  guardOf(rig)?.signal(null);
  await continued(rig, peer);
  const dueMs = rig.nowMs + 2.7 * afterMs;
  rig.waits = [{ thread: 1, switches: 1, dueMs, forMs: null }];
  await quiet(rig, 2.5 * afterMs);
  t.is(rig.state(), "running");
  const verdict = rig.supervisor.hosts.get("web")?.verdict;
  t.like(verdict, { idle: false, reason: { rule: "timer" } });
});

test("guests that cannot be watched are not put to sleep", async (t) => {
  const { rig } = await awake();
  rig.guards.add = () => {
    throw new Error("EPERM");
  };
  await quiet(rig, 5000);
  t.is(rig.state(), "running");
});
