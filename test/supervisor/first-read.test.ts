/** A supervisor that is started while the store is away. */
import { constants } from "node:os";
import test from "ava";
import { ImError } from "../../platform/errors/im-error.js";
import type { HostRecord, Membership } from "../../platform/ports/membership.js";
import { bootIdOf } from "../../platform/protocol/boot-id.js";
import type { DeclaredHost } from "../../platform/supervisor/declared-host.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { recordIn } from "../membership/records.js";
import { blockBase, declared, SupervisorRig, settled } from "./supervisor-rig.js";

const home = "2026/11/21/[$LATEST]5f3a";
const bootId = bootIdOf(home, "V1StGXR8_Z5j-Hi");
const patienceMs = 10_000;
/** The longest pause before the store is asked again. */
const pauseMs = 5_000;

/** A store that is away until it is said to be back, and that then has these records. */
class AwayMembership implements Membership {
  readonly #memory = new MemoryMembership();
  #records: readonly HostRecord[] | null = null;
  asked = 0;

  back(records: readonly HostRecord[]): void {
    this.#records = records;
  }

  async list(): Promise<readonly HostRecord[]> {
    this.asked += 1;
    if (this.#records !== null) return this.#records;
    throw new ImError("IM_STORE_FAILED", { what: "list of hosts: no answer within 10000 ms" });
  }

  read: Membership["read"] = (deployId, host) => this.#memory.read(deployId, host);
  apply: Membership["apply"] = (write) => this.#memory.apply(write);
}

async function start(settings: Pick<Partial<DeclaredHost>, "wakeEveryMs"> = {}) {
  const membership = new AwayMembership();
  const rig = new SupervisorRig([], [], membership);
  const environments = new Map([[home, { invoked: true, pid: 200 }]]);
  const read = rig.supervisor.restore([{ ...declared(), ...settings }], () => {
    rig.supervisor.adopt(new Set());
    for (const host of rig.supervisor.hosts.values()) host.reconcile(environments);
  });
  await settled();
  const comesBack = async (records: readonly HostRecord[]) => {
    membership.back(records);
    rig.advance(pauseMs);
    await read;
    await settled();
  };
  const dial = () => rig.client().ask({ type: "connect", address: blockBase + 1, port: 80 });
  return { rig, membership, read, comesBack, dial };
}

function left(): HostRecord {
  return recordIn("running", { owner: bootId, node: "node", incarnation: 1 });
}

test("who comes while the store is away boots the host once it is back", async (t) => {
  const { rig, membership, comesBack, dial } = await start();
  const blocking = dial();
  rig.placeholder(80).connect();
  rig.advance(pauseMs / 2);
  await settled();
  t.true(membership.asked > 1);
  t.deepEqual([rig.state(), rig.invocations.length], ["imaginary", 0]);
  await comesBack([]);
  const peer = rig.environment();
  rig.supervisor.message(peer, { type: "guest.started", pid: 7 });
  await settled();
  peer.ask({ type: "bind", port: 80 });
  peer.ask({ type: "listen", port: 80 });
  t.is(blocking[0]?.reply.error, 0);
  t.is(rig.state(), "running");
  t.is(rig.invocations.length, 1);
  // Nothing that was counted for the wait is left to be due.
  rig.advance(patienceMs);
  t.is(rig.placeholder(80).resets, 0);
});

test("whoever has waited for ten seconds is told so, and the next waits anew", async (t) => {
  const { rig, comesBack, dial } = await start();
  const first = dial();
  rig.placeholder(80).connect();
  rig.advance(patienceMs - 1);
  t.deepEqual([first.length, rig.placeholder(80).resets], [0, 0]);
  rig.advance(1);
  t.is(first[0]?.reply.error, constants.errno.ETIMEDOUT);
  t.is(rig.placeholder(80).resets, 1);
  await settled();
  const second = dial();
  t.deepEqual(second, []);
  rig.placeholder(80).connect();
  await comesBack([]);
  t.is(rig.invocations.length, 1);
  t.is(rig.state(), "allocating");
});

test("who waits for guests of a life that has reported is left to them", async (t) => {
  const { rig, dial, comesBack } = await start();
  rig.resume({ host: "web", incarnation: 1 }, bootId);
  const blocking = dial();
  rig.placeholder(80).connect();
  rig.advance(patienceMs);
  t.is(blocking[0]?.reply.error, constants.errno.ETIMEDOUT);
  t.is(rig.placeholder(80).resets, 0);
  // It was over: whoever waits is a reason for the next.
  await comesBack([]);
  t.is(rig.placeholder(80).resets, 0);
  t.is(rig.invocations.length, 1);
});

test("a host whose time came while the store was away is woken once it is back", async (t) => {
  const { rig, comesBack } = await start({ wakeEveryMs: 1_000 });
  rig.advance(1_000);
  rig.advance(patienceMs);
  await settled();
  await comesBack([]);
  t.is(rig.invocations.length, 1);
});

test("a connection that comes after one was refused is a signal again", async (t) => {
  const { rig, comesBack } = await start();
  rig.placeholder(80).connect();
  rig.advance(patienceMs);
  await settled();
  await comesBack([]);
  t.is(rig.invocations.length, 0);
  rig.placeholder(80).connect();
  await settled();
  t.is(rig.invocations.length, 1);
});

test("a life that reports before the store is back is taken up, and nothing boots", async (t) => {
  const { rig, comesBack, dial } = await start();
  const gone = rig.resume({ host: "web", incarnation: 1 }, bootId);
  rig.supervisor.peerClosed(gone);
  const peer = rig.resume({ host: "web", incarnation: 1 }, bootId);
  const stray = rig.resume({ host: "web", incarnation: 1 }, "boot of another");
  const waiting = dial();
  t.deepEqual(peer.sent, []);
  await comesBack([left()]);
  t.deepEqual(
    [peer.sent, stray.sent, gone.sent].map((sent) => sent.map(({ type }) => type)),
    [["environment.accepted"], ["environment.refused"], []],
  );
  t.is(waiting[0]?.reply.error, 0);
  t.deepEqual([rig.state(), rig.invocations.length], ["running", 0]);
});

test("what an environment says before the store is back is heard in its order", async (t) => {
  const { rig, comesBack } = await start();
  const peer = rig.resume({ host: "web", incarnation: 1 }, bootId);
  rig.supervisor.message(peer, { type: "guest.exited", code: 0, signal: null });
  t.deepEqual(rig.changes, []);
  await comesBack([left()]);
  t.is(peer.sent[0]?.type, "environment.accepted");
  t.deepEqual(
    rig.changes.map(({ from, to }) => `${from} ${to}`),
    ["running terminating", "terminating imaginary"],
  );
});

test("until then environments are kept, and nothing is woken or stopped by hand", async (t) => {
  const { rig, comesBack } = await start();
  const { supervisor } = rig;
  const away = { code: "IM_STORE_FAILED", message: /has not been read yet/ };
  for (const act of ["wake", "stop", "suspend"] as const) {
    await t.throwsAsync(supervisor[act]("web"), away, act);
  }
  t.regex(supervisor.unread?.details.received ?? "", /no answer within 10000 ms/);
  t.true(supervisor.hosts.get("web")?.mayLiveIn("any"));
  await comesBack([]);
  t.is(supervisor.unread, null);
  t.false(supervisor.hosts.get("web")?.mayLiveIn("any"));
  await t.notThrowsAsync(supervisor.stop("web"));
});

test("a supervisor that is closed asks the store no more", async (t) => {
  const { rig, membership, read, dial } = await start();
  const waiting = dial();
  rig.supervisor.close();
  await read;
  t.is(waiting[0]?.reply.error, constants.errno.EHOSTUNREACH);
  const { asked } = membership;
  for (let round = 0; round < 5; round += 1) {
    rig.advance(patienceMs);
    await settled();
  }
  t.is(membership.asked, asked);
  t.is(waiting.length, 1);
});

test("what is read after the supervisor was closed is taken up by nobody", async (t) => {
  const { rig, comesBack, dial } = await start();
  dial();
  const { supervisor } = rig;
  const reading = comesBack([]);
  supervisor.close();
  await reading;
  t.not(supervisor.unread, null);
  t.is(rig.invocations.length, 0);
});
