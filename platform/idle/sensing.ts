/**
 * The one look a second at everything that runs on a node: sockets in one dump, processes of those
 * hosts whose sockets are silent. Runs only while a host is watched; costs at most a few
 * thousandths of a processor, by looking more seldom where a look is dear.
 */
import type { Clock, TimerHandle } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import type { Connection, Sensor, Wait } from "../ports/sensor.js";
import type { Verdict } from "./awake-reason.js";
import { IdleJudge, type IdleSettings } from "./idle-judge.js";

export interface SensedHost {
  readonly settings: IdleSettings;
  /** The overlay address, IPv4 in host order. */
  readonly address: number;
  /** Root of the guests' processes. */
  readonly runtimePid: number;
  /** Whether a connection came to a listener of the host. */
  inbound(connection: Connection): boolean;
  /** After each look. */
  judged(verdict: Verdict): void;
}

export interface Watch {
  /** At once, for this host alone, and more closely: by what ended between two looks as well. */
  look(): Verdict;
  /** Of the host by their ids, as they were at the last look. */
  connections(): ReadonlyMap<number, Connection>;
  end(): void;
}

export interface SensingCost {
  readonly looks: number;
  readonly connections: number;
  /** Of all looks together: processor time, not what others used meanwhile. */
  readonly usedMs: number;
}

const none: readonly Connection[] = [];
const intervalMs = 1000;
const intervalMinMs = 25;
/** Looks to a time-out: a host sleeps at most a quarter of it late. */
const looksPerTimeout = 4;
/** At most about this much of a processor; a little more where time-outs are short. */
const shareMax = 1 / 240;
const shareMaxShort = 1 / 50;

interface Watched {
  readonly host: SensedHost;
  readonly judge: IdleJudge;
}

export class Sensing {
  readonly #sensor: Sensor;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched = new Set<Watched>();
  #timer: { readonly handle: TimerHandle; readonly dueMs: number } | null = null;
  #cost: SensingCost = { looks: 0, connections: 0, usedMs: 0 };
  #lastUsedMs = 0;
  #blind = false;

  constructor(sensor: Sensor, clock: Clock, log: Log) {
    this.#sensor = sensor;
    this.#clock = clock;
    this.#log = log;
  }

  get cost(): SensingCost {
    return this.#cost;
  }

  /** Of one host, as they are now. */
  connections(address: number): readonly Connection[] {
    return this.#sensor.connectionsOf(address);
  }

  /** Of the guests below a host-runtime. */
  waits(runtimePid: number): readonly Wait[] {
    return this.#sensor.waits(runtimePid);
  }

  /** Watches a host from now on: `judged` tells what is seen. */
  watch(host: SensedHost): Watch {
    const nowMs = this.#clock.monotonicMs();
    const judge = new IdleJudge(host.settings, (connection) => host.inbound(connection), nowMs);
    const watched = { host, judge };
    this.#watched.add(watched);
    this.#schedule();
    return {
      look: () => this.#lookAt(watched),
      connections: () => judge.connections,
      end: () => {
        this.#watched.delete(watched);
        if (this.#watched.size === 0) this.#rest();
      },
    };
  }

  #lookAt({ host, judge }: Watched): Verdict {
    const nowMs = this.#clock.monotonicMs();
    judge.heard(this.connections(host.address), nowMs);
    judge.worked(this.#sensor.processes([host.runtimePid])[0] ?? [], nowMs);
    const verdict = judge.verdict(nowMs);
    // Dear where there are many: asked only where the host would fall asleep otherwise.
    const closed = verdict.idle ? this.#sensor.lastClosed(host.address) : null;
    if (closed === null) return verdict;
    judge.ended(closed.connection, nowMs - closed.agoMs);
    return judge.verdict(nowMs);
  }

  #look(): void {
    this.#timer = null;
    const beganMs = this.#clock.monotonicMs();
    const all = [...this.#watched];
    const seen = this.#see(all, beganMs);
    // What one verdict causes may end the watch over another.
    for (const one of seen ? all : []) {
      if (this.#watched.has(one)) one.host.judged(one.judge.verdict(beganMs));
    }
    if (this.#watched.size > 0) this.#schedule();
  }

  /** False: the kernel could not be asked, for want of descriptors say. Nobody is judged then. */
  #see(all: readonly Watched[], atMs: number): boolean {
    const usedBeforeMs = this.#sensor.usedMs;
    try {
      const connections = this.#sensor.connections();
      for (const { host, judge } of all) judge.heard(connections.get(host.address) ?? none, atMs);
      const silent = all.filter(({ judge }) => judge.silent);
      if (silent.length > 0) this.#lookAtProcesses(silent, atMs);
      this.#count(connections, this.#sensor.usedMs - usedBeforeMs);
      this.#blind = false;
      return true;
    } catch (error) {
      if (!this.#blind)
        this.#log.warn({ err: error }, "hosts cannot be looked at: none falls asleep");
      this.#blind = true;
      return false;
    }
  }

  #lookAtProcesses(silent: readonly Watched[], atMs: number): void {
    const trees = this.#sensor.processes(silent.map(({ host }) => host.runtimePid));
    for (const [index, { judge }] of silent.entries()) judge.worked(trees[index] ?? [], atMs);
  }

  #count(connections: ReadonlyMap<number, readonly Connection[]>, usedMs: number): void {
    let seen = 0;
    for (const some of connections.values()) seen += some.length;
    this.#lastUsedMs = usedMs;
    this.#cost = {
      looks: this.#cost.looks + 1,
      connections: seen,
      usedMs: this.#cost.usedMs + usedMs,
    };
  }

  /** A host with a shorter time-out than all before it brings the next look forward. */
  #schedule(): void {
    const dueMs = this.#clock.monotonicMs() + this.#pauseMs();
    if (this.#timer !== null && this.#timer.dueMs <= dueMs) return;
    this.#rest();
    const handle = this.#clock.setTimeout(() => this.#look(), dueMs - this.#clock.monotonicMs());
    this.#timer = { handle, dueMs };
  }

  #pauseMs(): number {
    let wantedMs = intervalMs;
    for (const { host } of this.#watched) {
      const { afterMs } = host.settings;
      if (afterMs !== null) wantedMs = Math.min(wantedMs, afterMs / looksPerTimeout);
    }
    const share = wantedMs < intervalMs ? shareMaxShort : shareMax;
    return Math.max(intervalMinMs, wantedMs, this.#lastUsedMs / share);
  }

  #rest(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer.handle);
    this.#timer = null;
  }
}
