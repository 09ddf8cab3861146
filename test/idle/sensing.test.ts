import test from "ava";
import type { Verdict } from "../../platform/idle/awake-reason.js";
import { type SensedHost, Sensing } from "../../platform/idle/sensing.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Connection, ProcessUse, Sensor } from "../../platform/ports/sensor.js";
import { silentLog } from "../fixtures/daemon/silent-log.js";
import { connection } from "./look.js";

/** A node whose time stands still but for `advance`. */
class Node implements Clock, Sensor {
  nowAtMs = 0;
  connectionsNow: readonly Connection[] = [];
  lookCostMs = 0;
  usedMs = 0;
  refusal: Error | null = null;
  processRefusal: Error | null = null;
  readonly askedRoots: (readonly number[])[] = [];
  #timers = new Map<number, { atMs: number; callback: () => void }>();
  #lastTimer = 0;

  nowMs = () => this.nowAtMs;
  monotonicMs = () => this.nowAtMs;

  setTimeout(callback: () => void, delayMs: number): number {
    this.#lastTimer += 1;
    this.#timers.set(this.#lastTimer, { atMs: this.nowAtMs + delayMs, callback });
    return this.#lastTimer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(Number(timer));
  }

  get timers(): number {
    return this.#timers.size;
  }

  connections() {
    if (this.refusal !== null) throw this.refusal;
    this.usedMs += this.lookCostMs;
    const byAddress = new Map<number, Connection[]>();
    for (const one of this.connectionsNow) {
      byAddress.set(one.address, [...(byAddress.get(one.address) ?? []), one]);
    }
    return byAddress;
  }

  connectionsOf(address: number) {
    return this.connectionsNow.filter((one) => one.address === address);
  }

  /** When it was, and which. */
  closedNow: { readonly atMs: number; readonly connection: Connection } | null = null;

  lastClosed(address: number) {
    const closed = this.closedNow;
    if (closed?.connection.address !== address) return null;
    return { connection: closed.connection, agoMs: this.nowAtMs - closed.atMs };
  }

  processes(roots: readonly number[]): readonly (readonly ProcessUse[])[] {
    if (this.processRefusal !== null) throw this.processRefusal;
    this.askedRoots.push(roots);
    return roots.map(() => []);
  }

  waits = () => [];

  advance(ms: number): void {
    const untilMs = this.nowAtMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { atMs }]) => atMs <= untilMs);
      const [id, timer] = due.sort(([, a], [, b]) => a.atMs - b.atMs)[0] ?? [];
      if (id === undefined || timer === undefined) break;
      this.#timers.delete(id);
      this.nowAtMs = Math.max(this.nowAtMs, timer.atMs);
      timer.callback();
    }
    this.nowAtMs = Math.max(this.nowAtMs, untilMs);
  }
}

function hostAt(node: Node, address: number, afterMs: number | null, runtimePid = 10) {
  const verdicts: (Verdict & { readonly atMs: number })[] = [];
  const host: SensedHost = {
    settings: { afterMs, inFlightMaxMs: 60_000 },
    address,
    runtimePid,
    inbound: ({ port }) => port === 80,
    judged: (verdict) => verdicts.push({ ...verdict, atMs: node.nowAtMs }),
  };
  return { host, verdicts };
}

const web = connection().address;

test("nobody looks while no host is watched", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  t.is(node.timers, 0);
  const watch = sensing.watch(hostAt(node, web, 5000).host);
  t.is(node.timers, 1);
  watch.end();
  t.is(node.timers, 0);
  node.advance(10_000);
  t.is(sensing.cost.looks, 0);
});

test("hosts of one node are seen with one look a second", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  for (let n = 0; n < 100; n++) sensing.watch(hostAt(node, web + n, 30_000).host);
  node.advance(10_000);
  t.is(sensing.cost.looks, 10);
});

test("a short time-out is looked at more often, whenever its host comes", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  sensing.watch(hostAt(node, web, 30_000).host);
  node.advance(500);
  const { host, verdicts } = hostAt(node, web + 1, 200);
  sensing.watch(host);
  node.advance(200);
  t.deepEqual(
    verdicts.map(({ atMs }) => atMs),
    [550, 600, 650, 700],
  );
  t.like(verdicts.at(-1), { idle: true, quietMs: 200 });
});

test("connections count for the host whose address they bear", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  const busy = hostAt(node, web, 1000);
  const quiet = hostAt(node, web + 1, 1000, 11);
  sensing.watch(busy.host);
  sensing.watch(quiet.host);
  node.connectionsNow = [connection({ waiting: true })];
  node.advance(1000);
  t.like(busy.verdicts.at(-1), { idle: false, reason: { rule: "unaccepted" } });
  t.like(quiet.verdicts.at(-1), { idle: true });
  // Only of the silent one are the processes looked at.
  t.deepEqual(node.askedRoots.at(-1), [11]);
});

test("looks that are dear are fewer", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  node.lookCostMs = 50;
  sensing.watch(hostAt(node, web, 30_000).host);
  node.advance(100_000);
  t.true(sensing.cost.usedMs <= 100_000 / 250 + 50);
  t.true(sensing.cost.looks >= 9);
});

test("a watch that a verdict ends hears no more", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  const second = hostAt(node, web + 1, 1000);
  let endSecond = () => {};
  const first = hostAt(node, web, 1000);
  sensing.watch({ ...first.host, judged: () => endSecond() });
  const { end } = sensing.watch(second.host);
  endSecond = end;
  node.advance(1000);
  t.is(second.verdicts.length, 0);
});

test("a look that fails judges nobody, is told once, and is repeated", (t) => {
  const node = new Node();
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_: object, message: string) => warnings.push(message) };
  const sensing = new Sensing(node, node, log);
  const { host, verdicts } = hostAt(node, web, 2000);
  sensing.watch(host);
  const refused = Object.assign(new Error("too many open files"), { code: "EMFILE" });
  node.refusal = refused;
  node.advance(10_000);
  t.deepEqual(verdicts, []);
  t.is(warnings.length, 1);
  node.refusal = null;
  node.processRefusal = refused;
  node.advance(1000);
  t.deepEqual(verdicts, []);
  node.processRefusal = null;
  node.advance(1000);
  t.is(verdicts.length, 2);
});

test("a connection that came and went between two looks is traffic when sleep is near", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  const watch = sensing.watch(hostAt(node, web, 2000).host);
  node.advance(2500);
  const gone = connection({ id: 0 });
  node.closedNow = { atMs: 1800, connection: gone };
  const reason = { rule: "traffic", connection: gone, agoMs: 700 };
  t.deepEqual(watch.look(), { idle: false, reason, quietMs: 700 });
  node.advance(1300);
  t.like(watch.look(), { idle: true, quietMs: 2000 });
});

test("a connection that ended before what was seen since says nothing", (t) => {
  const node = new Node();
  const sensing = new Sensing(node, node, silentLog);
  node.nowAtMs = 5000;
  const watch = sensing.watch(hostAt(node, web, 2000).host);
  node.closedNow = { atMs: 4000, connection: connection({ id: 0 }) };
  node.advance(2000);
  t.like(watch.look(), { idle: true, quietMs: 2000 });
});
