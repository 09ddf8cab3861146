/**
 * What must never happen, looked at whenever something happens that could bring it about. The names
 * M1 to M6 are ARCHITECTURE.md's and the issue's.
 */
import type { HostRecord, RecordWrite } from "../../platform/ports/membership.js";
import type { InvocationEvent } from "../../platform/protocol/environment.js";
import type { HostChange } from "../../platform/supervisor/host-history.js";
import type { Connect } from "./connect.js";
import type { Guest } from "./guest.js";
import type { Machine } from "./machine.js";
import { secret } from "./scenario.js";
import type { Stream } from "./stream.js";
import type { Timeline } from "./timeline.js";
import type { Trace } from "./trace.js";

export interface Violation {
  readonly invariant: string;
  readonly what: string;
  readonly atMs: number;
}

export interface ChecksWorld {
  readonly timeline: Timeline;
  readonly trace: Trace;
  isGateOpen(guest: Guest): boolean;
  /** Nothing has gone wrong for a while. */
  isCalm(): boolean;
  inFlightMaxMs(host: string): number | null;
}

const outcomes = new Set(["answered", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH"]);
/** When nothing goes wrong nobody waits longer in a queue: a boot takes a second. */
const waitMaxMs = 8_000;
/** Two looks of the kernel's clock apart: closer than that nobody can say who spoke last. */
const tieMs = 16;

export class Checks {
  violation: Violation | null = null;
  /** What a state did not expect, by event and state: for whoever reads the report. */
  readonly refused = new Map<string, number>();
  /** Writes by kind and outcome, invocations, accepts: what things cost. */
  readonly counts = new Map<string, number>();
  lastWriteMs = 0;
  readonly #world: ChecksWorld;
  readonly #records = new Map<string, HostRecord>();
  /** By life: the environment that it was registered for. */
  readonly #registered = new Map<string, string>();
  readonly #applied = new Set<string>();
  /** Writes of which somebody was told that they were not applied. */
  readonly #void = new Set<string>();
  readonly #guests = new Map<string, Set<Guest>>();
  /** By host: the newest life that took a connection, and the environment that it was in. */
  readonly #served = new Map<string, { readonly incarnation: number; readonly pid: string }>();
  /** By machine and host: whether a person had it suspended, the last time. */
  readonly #byHand = new Map<string, boolean>();
  /** By host-runtime: when its guard was armed. */
  readonly #guardedMs = new Map<string, number>();

  constructor(world: ChecksWorld) {
    this.#world = world;
  }

  violated(invariant: string, what: string): void {
    this.#world.trace.note("CHECK", `${invariant}: ${what}`);
    this.violation ??= { invariant, what, atMs: this.#world.timeline.nowMs };
  }

  /** A write came to the table; `record` null: its condition did not hold. */
  written(by: string, write: RecordWrite, record: HostRecord | null): void {
    const what = `${write.kind} of ${write.host} by ${by}`;
    if (record === null) {
      this.#world.trace.note("store", `${what} refused`);
      this.#count(`${write.kind} refused`);
      return;
    }
    const { state, incarnation, version, owner } = record;
    this.#world.trace.note("store", `${what}: ${state} ${incarnation}.${version} ${owner ?? "-"}`);
    this.lastWriteMs = this.#world.timeline.nowMs;
    const before = this.#records.get(write.host);
    this.#records.set(write.host, record);
    if (incarnation < (before?.incarnation ?? 0) || version <= (before?.version ?? 0)) {
      this.violated("M2", `${what}: ${incarnation}.${version} after ${before?.incarnation}`);
    }
    this.#count(`${write.kind} applied`);
    this.#verifyWrite(what, write, record);
    const node = before?.node ?? by;
    if (node !== by && !isContended(write)) this.violated("M1", `${what}, whose life is ${node}'s`);
  }

  read(): void {
    this.#count("reads");
  }

  /** Its supervisor goes on as if it had never been. */
  toldRejected({ operation }: RecordWrite): void {
    this.#void.add(operation);
  }

  invoked(by: string, event: InvocationEvent): void {
    this.#count(`invoked to ${event.action}`);
    this.#world.trace.note(by, `invokes ${event.host} ${event.incarnation} to ${event.action}`);
  }

  changed(by: string, { host, from, to, signal, failure }: HostChange): void {
    if (to === "suspending") this.#byHand.set(`${by}/${host}`, signal === "suspend");
    const why = failure === null ? signal : `${signal}: ${failure.code}`;
    this.#world.trace.note(by, `${host} ${from} -> ${to} (${why})`);
  }

  guestBegun(guest: Guest): void {
    const { host, incarnation } = guest.world;
    const guests = this.#guests.get(host) ?? new Set<Guest>();
    this.#guests.set(host, guests.add(guest));
    guest.onEnd(() => guests.delete(guest));
    this.#world.trace.note(guest.world.machine.name, `${host} ${incarnation}: guest begins`);
  }

  /** M1: whoever has another life of the host may not be able to serve by now. */
  listens(by: string, guest: Guest): void {
    const { host, incarnation } = guest.world;
    this.#world.trace.note(by, `${host} ${incarnation}: guest listens`);
    for (const other of this.#guests.get(host) ?? []) {
      if (other === guest || !other.listening || !this.#world.isGateOpen(other)) continue;
      if (!this.#world.isGateOpen(guest)) continue;
      const lives = `${other.world.incarnation} on ${other.world.machine.name} and ${incarnation}`;
      this.violated("M1", `two lives of ${host} may serve: ${lives} on ${by}`);
    }
  }

  /** M1: it was away, and what it has may be another's by now. */
  cameBack({ name }: Machine): void {
    for (const [host, guests] of this.#guests) {
      const newest = this.#served.get(host)?.incarnation ?? 0;
      for (const guest of guests) {
        const { machine, incarnation } = guest.world;
        if (machine.name !== name || !guest.listening || incarnation >= newest) continue;
        this.#world.trace.note(name, `${host} ${incarnation} is back, and others had ${newest}`);
        this.#count("zombies");
        if (!this.#world.isGateOpen(guest)) continue;
        this.violated("M1", `${host} ${incarnation} came back, and may serve as ${newest} does`);
      }
    }
  }

  /** M1: no two machines may let anybody in at the same time. */
  gateOpened(by: string, host: string, incarnation: number): void {
    for (const guest of this.#guests.get(host) ?? []) {
      const { machine, incarnation: other } = guest.world;
      if (machine.name === by || !guest.listening || !this.#world.isGateOpen(guest)) continue;
      const gates = `${incarnation} on ${by} and ${other} on ${machine.name}`;
      this.violated("M1", `two gates of ${host} are open: ${gates}`);
    }
  }

  accepted(by: string, guest: Guest, stream: Stream): void {
    const { host, incarnation, runtimePid } = guest.world;
    const waitedMs = Math.round(this.#world.timeline.nowMs - stream.openedMs);
    if (waitedMs > waitMaxMs && this.#world.isCalm()) {
      this.violated("M4", `${host} let connection ${stream.id} wait for ${waitedMs} ms`);
    }
    this.#count("accepts");
    this.#world.trace.note(by, `${host} ${incarnation} accepts ${stream.id}`);
    if (!this.#registered.has(`${host}/${incarnation}`)) {
      this.violated("M1", `${host} ${incarnation} serves and was never registered`);
    }
    const before = this.#served.get(host);
    const pid = `${by}/${runtimePid}`;
    this.#served.set(host, { incarnation, pid });
    if (before === undefined || before.incarnation < incarnation) return;
    if (before.incarnation > incarnation) {
      this.violated("M1", `${host} ${incarnation} accepts after ${before.incarnation} did`);
    } else if (before.pid !== pid) {
      this.violated("memory", `${host} ${incarnation} was in ${before.pid} and is in ${pid}`);
    }
  }

  guarded({ name }: Machine, runtimePid: number): void {
    this.#world.trace.note(name, `guard over ${runtimePid}`);
    this.#guardedMs.set(`${name}/${runtimePid}`, this.#world.timeline.nowMs);
  }

  /** M5: it is told to sleep. */
  sleeps(guest: Guest): void {
    const { host, runtimePid, machine } = guest.world;
    const { nowMs } = this.#world.timeline;
    const maxMs = this.#world.inFlightMaxMs(host) ?? Number.POSITIVE_INFINITY;
    const guardedMs = this.#guardedMs.get(`${machine.name}/${runtimePid}`) ?? 0;
    this.#world.trace.note(machine.name, `${host} is told to sleep`);
    // Who asks for it by name does not wait for silence.
    if (this.#byHand.get(`${machine.name}/${host}`) === true) return;
    for (const stream of guest.streams) {
      if (stream.pending === 0 || stream.askedMs > guardedMs) continue;
      if (guardedMs - stream.askedMs > maxMs * 0.95) continue;
      if (Math.abs(stream.toServerMs - stream.toClientMs) < tieMs) continue;
      const forMs = Math.round(nowMs - stream.askedMs);
      this.violated("M5", `${host} sleeps over connection ${stream.id}, asked ${forMs} ms ago`);
    }
  }

  connected({ id, caller, target }: Connect): void {
    this.#world.trace.note(caller.machine.name, `#${id} ${caller.name} connects to ${target.host}`);
  }

  connectEnded({ id, caller, outcome, startedMs }: Connect): void {
    const tookMs = Math.round(this.#world.timeline.nowMs - startedMs);
    this.#world.trace.note(caller.machine.name, `#${id} ${outcome} after ${tookMs} ms`);
    if (outcome === "abandoned" || outcomes.has(outcome ?? "")) return;
    this.violated("M4", `connect #${id} ended with ${outcome}`);
  }

  /** M4: its time is over. */
  connectOverdue({ id, caller, target, outcome, startedMs }: Connect): void {
    if (outcome !== null) return;
    const forMs = Math.round(this.#world.timeline.nowMs - startedMs);
    this.violated("M4", `connect #${id} of ${caller.name} to ${target.host} hangs for ${forMs} ms`);
  }

  logged(by: string, level: string, fields: object, message: string): void {
    const text = JSON.stringify(fields);
    if (text.includes(secret)) this.violated("secrets", `in the log: ${message}`);
    this.#world.trace.note(by, `${level}: ${message} ${text}`);
    if (message !== "event refused" || !("event" in fields) || !("state" in fields)) return;
    const key = `${fields.event} in ${fields.state}`;
    this.refused.set(key, (this.refused.get(key) ?? 0) + 1);
  }

  #verifyWrite(what: string, write: RecordWrite, record: HostRecord): void {
    const life = `${write.host}/${record.incarnation}`;
    if (write.kind === "claim" || write.kind === "takeover") this.#once(`claim of ${life}`);
    this.#once(`write ${write.operation} (${what})`);
    if (write.kind === "register") {
      if (write.expected.incarnation !== record.incarnation) {
        this.violated("M1", `${what} registers ${write.expected.incarnation} as ${life}`);
      }
      this.#registered.set(life, write.owner);
    }
    if (this.#void.has(write.operation)) this.violated("M2", `${what} was said to be void`);
    const { memory } = record;
    if (memory !== null && memory !== this.#registered.get(life)) {
      this.violated("memory", `${what}: ${memory} has the memory of another life than ${life}`);
    }
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #once(what: string): void {
    if (this.#applied.has(what)) this.violated("M2", `applied twice: ${what}`);
    this.#applied.add(what);
  }
}

/** Anybody may try to get a host; the rest is for whoever has it. */
function isContended({ kind }: RecordWrite): boolean {
  return kind === "claim" || kind === "takeover" || kind === "help" || kind === "register";
}
