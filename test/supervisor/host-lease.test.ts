/** Until when guests may accept, when that is prolonged, and when they are ended. */
import test from "ava";
import type { HostEvent } from "../../platform/lifecycle/events.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { GateWord } from "../../platform/ports/gate-word.js";
import type { HostRecord } from "../../platform/ports/membership.js";
import { leaseOf } from "../../platform/supervisor/host-lease.js";
import type { Moment } from "../../platform/supervisor/supervisor-context.js";
import { booted, leaseMs, MachineRig, metAgain, stop, wake } from "../lifecycle/machine-rig.js";
import { idle } from "../lifecycle/reached-states.js";

const address = 0x7f400001;
const wallMs = 1_700_000_000_000;
const stepMs = 100;

/** One host that serves, its lease, and one clock for both. */
class LeaseRig {
  readonly sent: HostEvent[] = [];
  /** As guests see it; undefined: nobody has said anything. */
  gate: GateWord | null | undefined;
  readonly #sentAt = new WeakMap<HostRecord, Moment>();
  readonly #lease;

  private constructor(readonly rig: MachineRig) {
    const clock: Clock = {
      nowMs: () => wallMs + rig.clock.now(),
      monotonicMs: () => rig.clock.now(),
      setTimeout: (callback, delayMs) => rig.clock.setTimeout(callback, delayMs),
      clearTimeout: (timer) => rig.clock.clearTimeout(Number(timer)),
    };
    const elsewhere = {
      carry: async () => true,
      setGate: (of: number, word: GateWord | null) => {
        if (of === address) this.gate = word;
      },
    };
    this.#lease = leaseOf({
      context: { ports: { clock, elsewhere }, sentAt: this.#sentAt },
      declared: { address },
      send: (event) => this.sent.push(event),
    });
  }

  /** Registered by a write that was sent `agoMs` before now. */
  static async serving(agoMs = 0): Promise<LeaseRig> {
    const rig = new LeaseRig(await booted(new MachineRig(null, null, "listen", null, true)));
    rig.pass(5_000);
    rig.writtenAgo(agoMs);
    rig.observe();
    return rig;
  }

  /** One whose record an earlier supervisor has written. */
  static async adopted(): Promise<LeaseRig> {
    const { item } = await booted();
    const rig = new LeaseRig(new MachineRig(item, item, "listen", "found", true));
    rig.rig.send(metAgain());
    rig.observe();
    return rig;
  }

  get nowMs(): number {
    return this.rig.clock.now();
  }

  writtenAgo(agoMs: number): void {
    const { record } = this.rig;
    if (record === null) throw new Error("there is no record");
    const monotonicMs = this.nowMs - agoMs;
    this.#sentAt.set(record, { monotonicMs, wallMs: wallMs + monotonicMs });
  }

  observe(): void {
    this.#lease?.observe(this.rig.actor.getSnapshot());
  }

  /** The write that prolongs it is applied, and was sent `agoMs` before now. */
  async renewed(agoMs = 0): Promise<void> {
    await this.rig.send({ type: "lease.due", incarnation: 1 }).answer("renew");
    this.writtenAgo(agoMs);
    this.observe();
  }

  /** Timers that are set by timers come due, too. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= stepMs) this.rig.clock.increment(Math.min(left, stepMs));
  }

  /** When each such event was sent, from now on, ms. */
  times(type: HostEvent["type"], withinMs: number): readonly number[] {
    const times: number[] = [];
    for (let atMs = stepMs; atMs <= withinMs; atMs += stepMs) {
      const before = this.sent.length;
      this.rig.clock.increment(stepMs);
      for (const event of this.sent.slice(before)) if (event.type === type) times.push(atMs);
    }
    return times;
  }
}

test("a gate is open for as long as the lease, counted from the send of the write", async (t) => {
  const rig = await LeaseRig.serving(600);
  t.deepEqual(rig.gate, {
    incarnation: 1,
    untilMs: rig.nowMs - 600 + leaseMs,
    wallAheadMs: wallMs,
  });
});

test("a lease is due three seconds after its send, then each second until renewed", async (t) => {
  const rig = await LeaseRig.serving(600);
  t.deepEqual(rig.times("lease.due", 5_000), [2_400, 3_400, 4_400]);
  t.like(rig.sent[0], { type: "lease.due", incarnation: 1 });
});

test("a renewal prolongs the lease from its own send", async (t) => {
  const rig = await LeaseRig.serving();
  rig.pass(3_500);
  await rig.renewed(500);
  t.is(rig.gate?.untilMs, rig.nowMs - 500 + leaseMs);
  t.deepEqual(rig.times("lease.due", 2_600), [2_500]);
  t.deepEqual(rig.times("lease.expired", 5_300), []);
  t.deepEqual(rig.times("lease.expired", 200), [100]);
});

test("a lease that is not renewed is given up before it is over", async (t) => {
  const rig = await LeaseRig.serving(600);
  t.deepEqual(rig.times("lease.expired", leaseMs), [leaseMs - 1_500 - 600]);
  t.true(rig.sent.some((event) => event.type === "lease.expired" && event.incarnation === 1));
});

test("a registration whose answer took longer than the lease is given up at once", async (t) => {
  const rig = await LeaseRig.serving(leaseMs);
  t.true((rig.gate?.untilMs ?? 0) <= rig.nowMs);
  t.deepEqual(rig.times("lease.expired", 200), [stepMs]);
});

test("a gate is shut before it is written that its host sleeps", async (t) => {
  const rig = await LeaseRig.serving();
  rig.rig.send(idle);
  rig.observe();
  t.is(rig.rig.state, "suspending.writing");
  t.is(rig.gate, null);
});

test("after a sleep that was called off only a renewal opens the gate", async (t) => {
  const rig = await LeaseRig.serving();
  rig.rig.send(idle);
  rig.observe();
  await rig.rig.refuse("suspend");
  await rig.rig.answer("selfResume");
  rig.observe();
  t.is(rig.rig.state, "running.serving");
  t.is(rig.gate, null);
  rig.pass(1_000);
  await rig.renewed();
  t.is(rig.gate?.untilMs, rig.nowMs + leaseMs);
});

test("a host that slept is let in again by the write that woke it", async (t) => {
  const rig = await LeaseRig.serving();
  await rig.rig.send(idle).answer("suspend");
  rig.observe();
  rig.rig.send({ type: "environment.returning", incarnation: 1 });
  rig.rig.send({ type: "environment.frozen", incarnation: 1 });
  rig.observe();
  t.deepEqual(rig.times("lease.expired", 2 * leaseMs), []);
  await rig.rig.send(wake).answer("resume");
  await rig.rig.answer("recall");
  rig.rig.send({ type: "environment.continued", incarnation: 1 });
  await rig.rig.answer("register");
  rig.writtenAgo(0);
  rig.observe();
  t.is(rig.gate?.untilMs, rig.nowMs + leaseMs);
});

test("what an earlier supervisor registered is renewed before anybody is let in", async (t) => {
  const rig = await LeaseRig.adopted();
  t.is(rig.rig.state, "running.serving");
  t.falsy(rig.gate);
  t.deepEqual(rig.times("lease.due", 200), [stepMs]);
  await rig.renewed();
  t.is(rig.gate?.untilMs, rig.nowMs + leaseMs);
});

test("a host that ends lets nobody in, and its lease is nobody's concern", async (t) => {
  const rig = await LeaseRig.serving();
  rig.rig.send(stop);
  rig.observe();
  t.is(rig.gate, null);
  rig.rig.send({ type: "guest.exited", incarnation: 1, code: 0, signal: null });
  await rig.rig.answer("release");
  rig.observe();
  t.is(rig.rig.state, "imaginary");
  rig.pass(2 * leaseMs);
  t.deepEqual(rig.sent, []);
});

test("a guest that ends by itself leaves a gate that is shut", async (t) => {
  const rig = await LeaseRig.serving();
  rig.rig.send({ type: "guest.exited", incarnation: 1, code: 1, signal: null });
  rig.observe();
  t.is(rig.gate, null);
});

test("where nobody else has the store there is no lease", async (t) => {
  const never = () => t.fail();
  const clock = { nowMs: () => 0, monotonicMs: () => 0, setTimeout: never, clearTimeout: never };
  const context = { ports: { clock }, sentAt: new WeakMap<HostRecord, Moment>() };
  t.is(leaseOf({ context, declared: { address }, send: never }), null);
});
