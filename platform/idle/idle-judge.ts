/**
 * Whether one running host is idle: nothing moved, nothing is queued, no process worked, for
 * `afterMs`, and no request is in flight. A request is in flight where the peer of an inbound
 * connection spoke last, or the host on an outbound one; after `inFlightMaxMs` of silence that
 * protects no more, and neither does a queue that nobody touches.
 *
 * One look: `heard`, then `worked` where the host is `silent`, then `verdict`.
 */
import type { Connection, ProcessUse } from "../ports/sensor.js";
import type { AwakeReason, Verdict } from "./awake-reason.js";
import { type Heard, hear } from "./heard.js";
import { ProcessActivity } from "./process-activity.js";

export interface IdleSettings {
  /** ms; null: never idle. */
  readonly afterMs: number | null;
  /** ms; null: a request protects for ever. */
  readonly inFlightMaxMs: number | null;
}

type Activity = Extract<
  AwakeReason,
  { rule: "unaccepted" | "queued" | "traffic" | "process" | "asking" | "answering" }
>;

const windowMaxMs = 1000;

export class IdleJudge {
  readonly #settings: IdleSettings;
  readonly #inbound: (connection: Connection) => boolean;
  readonly #processes: ProcessActivity;
  #list: readonly Connection[] = [];
  #heard: readonly Heard[] = [];
  #connections: ReadonlyMap<number, Heard> = new Map();
  #lookedAtMs: number;
  #activeAtMs: number;
  #activity: Activity;
  #protection: Activity | null = null;
  #silent = false;
  #tied = false;

  /** `inbound`: whether a connection came to a listener of the host. `atMs`: when it woke. */
  constructor(settings: IdleSettings, inbound: (connection: Connection) => boolean, atMs: number) {
    this.#settings = settings;
    this.#inbound = inbound;
    this.#processes = new ProcessActivity(Math.min(settings.afterMs ?? windowMaxMs, windowMaxMs));
    this.#lookedAtMs = atMs;
    this.#activeAtMs = atMs;
    this.#activity = { rule: "traffic", connection: null, agoMs: 0 };
  }

  /** No socket of it has anything to do: only its processes can keep it awake. */
  get silent(): boolean {
    return this.#silent;
  }

  /** By their ids, as they were at the last look. */
  get connections(): ReadonlyMap<number, Connection> {
    return new Map([...this.#connections].map(([id, { connection }]) => [id, connection]));
  }

  heard(connections: readonly Connection[], atMs: number): void {
    // Of a tie more is known as time passes.
    const isKnown = connections === this.#list && !this.#tied;
    const moved = isKnown ? null : this.#hear(connections, atMs);
    const busy = this.#busy(atMs);
    if (busy !== null) this.#noteActivity(busy, atMs);
    else if (moved !== null) this.#noteActivity(moved.activity, moved.atMs);
    this.#silent = busy === null && moved === null;
    if (!this.#silent) this.#processes.forget();
    this.#lookedAtMs = atMs;
    this.#protection = null;
    this.#tied = false;
    for (const one of this.#heard) this.#weigh(one, atMs);
  }

  #hear(connections: readonly Connection[], atMs: number) {
    const before = this.#connections;
    const heard = connections.map((one) => hear(before.get(one.id) ?? null, one, atMs));
    this.#list = connections;
    this.#heard = heard;
    this.#connections = new Map(heard.map((one) => [one.connection.id, one]));
    return this.#moved(heard, before, atMs);
  }

  worked(processes: readonly ProcessUse[], atMs: number): void {
    const worker = this.#processes.look(processes, atMs);
    if (worker !== null) this.#noteActivity({ rule: "process", pid: worker.pid, agoMs: 0 }, atMs);
  }

  /** That one ended, and when: it may have come and gone since the look before. */
  ended(connection: Connection, atMs: number): void {
    if (atMs > this.#activeAtMs) {
      this.#noteActivity({ rule: "traffic", connection, agoMs: 0 }, atMs);
    }
  }

  verdict(atMs: number): Verdict {
    const { afterMs } = this.#settings;
    const quietMs = atMs - this.#activeAtMs;
    if (afterMs === null) return { idle: false, reason: { rule: "never" }, quietMs };
    if (quietMs < afterMs) return { idle: false, reason: this.#aged(quietMs), quietMs };
    if (this.#protection !== null) return { idle: false, reason: this.#protection, quietMs };
    // Where looks are few a host may seem quiet before anybody has seen what its processes do.
    if (!this.#processes.known) return { idle: false, reason: this.#aged(quietMs), quietMs };
    return { idle: true, quietMs, tied: this.#tied };
  }

  #aged(quietMs: number): AwakeReason {
    const activity = this.#activity;
    return activity.rule === "traffic" || activity.rule === "process"
      ? { ...activity, agoMs: quietMs }
      : activity;
  }

  #noteActivity(activity: Activity, atMs: number): void {
    this.#activity = activity;
    this.#activeAtMs = atMs;
  }

  /** What waits to be done by the guest, or by its peer. */
  #busy(atMs: number): Activity | null {
    for (const { connection, movedAtMs } of this.#heard) {
      if (connection.waiting) return { rule: "unaccepted", connection };
      const forMs = atMs - movedAtMs;
      if (hasQueue(connection) && this.#protects(forMs)) {
        return { rule: "queued", connection, forMs };
      }
    }
    return null;
  }

  #moved(heard: readonly Heard[], before: ReadonlyMap<number, Heard>, atMs: number) {
    const traffic = (connection: Connection, at: number) => ({
      activity: { rule: "traffic", connection, agoMs: 0 } as const,
      atMs: at,
    });
    for (const [id, { connection }] of before) {
      if (!this.#connections.has(id)) return traffic(connection, atMs);
    }
    let latest: Heard | null = null;
    for (const one of heard) {
      if (one.movedAtMs > (latest?.movedAtMs ?? this.#lookedAtMs)) latest = one;
    }
    return latest === null ? null : traffic(latest.connection, latest.movedAtMs);
  }

  #weigh({ connection, speaker, movedAtMs }: Heard, atMs: number): void {
    if (speaker === "nobody" || connection.protocol !== "tcp" || connection.waiting) return;
    const forMs = atMs - movedAtMs;
    if (!this.#protects(forMs)) return;
    if (speaker === "tie") {
      this.#tied = true;
      return;
    }
    const inbound = this.#inbound(connection);
    if (inbound && speaker === "peer") {
      this.#protection = { rule: "answering", connection, forMs };
    } else if (!inbound && speaker === "host") {
      this.#protection ??= { rule: "asking", connection, forMs };
    }
  }

  #protects(forMs: number): boolean {
    return this.#settings.inFlightMaxMs === null || forMs < this.#settings.inFlightMaxMs;
  }
}

function hasQueue({ receiveQueue, sendQueue }: Connection): boolean {
  return receiveQueue > 0 || sendQueue > 0;
}
