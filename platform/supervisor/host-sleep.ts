/**
 * Watches one host that serves for being idle, and one that sleeps for whatever happens to it.
 *
 *   resting ──awake──▶ judged ──idle, and quiet behind its guard──▶ guarded ──a signal──▶ …
 *
 * The guard stands before the last look: what comes after it wakes the host, what came before it
 * is seen by the look.
 */
import { AwakeMinimum } from "../idle/awake-minimum.js";
import type { AwakeReason, Verdict } from "../idle/awake-reason.js";
import { NextTimer } from "../idle/next-timer.js";
import type { Watch } from "../idle/sensing.js";
import type { Cause } from "../lifecycle/events.js";
import type { TimerHandle } from "../ports/clock.js";
import type { Guard } from "../ports/guards.js";
import type { Connection } from "../ports/sensor.js";
import type { HostSleepOptions } from "./host-sleep-options.js";
import { inboundPort } from "./inbound-port.js";
import {
  sourceAmong,
  sourceKnown,
  sourceWaiting,
  tellsPeer,
  type WakeSource,
} from "./wake-source.js";

/** Guests that cannot be watched are not asked again before this is over. */
const refusedMs = 10_000;
/** A look at the queues beside these takes a millisecond and more. */
const manyConnections = 300;

export class HostSleep {
  readonly #options: HostSleepOptions;
  readonly #minimum: AwakeMinimum;
  #watch: Watch | null = null;
  #verdict: Verdict | null = null;
  #timers = new NextTimer();
  #nextTimerMs: number | null = null;
  #guard: Guard | null = null;
  /** Connections that it had when it fell asleep. */
  #known: ReadonlyMap<number, Connection> = new Map();
  #alarm: TimerHandle | null = null;
  #awakeAtMs = 0;
  #asleepAtMs: number | null = null;
  #signalledAtMs: number | null = null;
  #awakeMs = 0;
  #notBeforeMs = 0;

  constructor(options: HostSleepOptions) {
    this.#options = options;
    this.#minimum = new AwakeMinimum(options.declared().idle.afterMs ?? 0);
  }

  /** Of the last look at a host that serves; null: it does not, or nobody has looked yet. */
  get verdict(): Verdict | null {
    return this.#verdict;
  }

  /** It serves, after a boot or a sleep. */
  awake(): void {
    const nowMs = this.#nowMs;
    if (this.#asleepAtMs !== null) {
      const wokenAtMs = this.#signalledAtMs ?? nowMs;
      this.#minimum.slept({
        awakeMs: this.#awakeMs,
        sleptMs: Math.max(0, wokenAtMs - this.#asleepAtMs),
        resumeMs: nowMs - wokenAtMs,
      });
    }
    this.leave();
    this.#awakeAtMs = nowMs;
    const { address, idle } = this.#options.declared();
    const runtimePid = this.#options.runtimePid();
    if (runtimePid === null) return;
    this.#timers = new NextTimer();
    this.#watch = this.#options.context.ports.sensing.watch({
      settings: idle,
      address,
      runtimePid,
      inbound: (connection) => inboundPort(connection, this.#options.serves),
      judged: (verdict) => this.#judged(verdict),
    });
  }

  /** It does not serve any more, for whatever reason. */
  leave(): void {
    this.#unwatch();
    this.unguard();
    this.#asleepAtMs = null;
    this.#signalledAtMs = null;
  }

  /** It is imaginary, or has failed: only time wakes it of itself. */
  rest(): void {
    this.leave();
    this.#nextTimerMs = null;
    this.#setAlarm();
  }

  /**
   * By hand: null, and `onIdle` was called, where nothing of it waits to be done; else what does.
   * Throws `ImError` IM_GUARD_REFUSED.
   */
  request(cause: Cause): AwakeReason | null {
    const reason = this.#armAndLook("asked");
    if (reason === null) this.#options.onIdle(cause);
    return reason;
  }

  /** The machine let it fall asleep. */
  asleep(): void {
    this.#awakeMs = this.#nowMs - this.#awakeAtMs;
    this.#asleepAtMs = this.#nowMs;
    this.#unwatch();
    this.#setAlarm();
  }

  /** The machine did not take it: it goes on as it was. */
  unguard(): void {
    this.#guard?.close();
    this.#guard = null;
  }

  /**
   * One that an earlier supervisor let fall asleep. An engine that was started anew has let it run
   * for a moment, without a guard: whatever its guests have begun in that is finished awake.
   */
  recover(): void {
    this.asleep();
    this.#wake("restart");
  }

  #judged(verdict: Verdict): void {
    this.#verdict = verdict;
    if (this.#nowMs < this.#notBeforeMs) return;
    try {
      this.#weigh(verdict);
    } catch (error) {
      const { log } = this.#options.context.ports;
      this.#notBeforeMs = this.#nowMs + refusedMs;
      log.warn({ host: this.#options.declared().name, err: error }, "it cannot sleep");
    }
  }

  #weigh(verdict: Verdict): void {
    const { name, idle } = this.#options.declared();
    const nowMs = this.#nowMs;
    this.#lookAtTimers(verdict.idle && verdict.tied, nowMs);
    if (!verdict.idle) return;
    const leftMs = this.#awakeAtMs + this.#minimum.ms - nowMs;
    if (leftMs > 0) {
      this.#verdict = { ...verdict, idle: false, reason: { rule: "minimum", leftMs } };
      return;
    }
    const dueMs = this.#dueMs(idle.afterMs ?? 0, nowMs);
    if (dueMs !== null) {
      this.#verdict = { ...verdict, idle: false, reason: { rule: "timer", leftMs: dueMs } };
      return;
    }
    if (this.#armAndLook("idle") === null) this.#options.onIdle(this.#cause("idle", name));
  }

  /** Arms, and looks once more; what it sees instead of quiet is the result. */
  #armAndLook(why: "idle" | "asked"): AwakeReason | null {
    const watch = this.#watch;
    if (watch === null) return null;
    this.#arm();
    const verdict = this.#look(watch);
    this.#known = watch.connections();
    const isWaiting = (rule: string) => rule === "unaccepted" || rule === "queued";
    if (verdict.idle) return null;
    if (why === "asked" && !isWaiting(verdict.reason.rule)) return null;
    this.unguard();
    this.#verdict = verdict;
    return verdict.reason;
  }

  #look(watch: Watch): Verdict {
    try {
      return watch.look();
    } catch (error) {
      this.unguard();
      throw error;
    }
  }

  #arm(): void {
    this.unguard();
    const runtimePid = this.#options.runtimePid();
    if (runtimePid === null) return;
    const { guards } = this.#options.context.ports;
    this.#guard = guards.arm(runtimePid, (signal) => {
      if (signal.type === "end") this.#wake("end");
      else this.#arrived(signal.connectionId);
    });
  }

  /**
   * Who it was is known of a connection that was there before. Of another, and of datagrams, it
   * takes a look at sockets, which is long: before its guests run, answer and take it away, unless
   * there are so many that this would be felt.
   */
  #arrived(connectionId: number | null): void {
    this.#signalledAtMs ??= this.#nowMs;
    const cause = this.#cause("data", "outside");
    const known = this.#known.get(connectionId ?? -1) ?? null;
    const told = known !== null && tellsPeer(known) ? known : null;
    const isLong = told !== null || this.#known.size > manyConnections;
    const waiting = isLong ? null : this.#options.waiting();
    this.#options.onSignal(cause);
    const found =
      (told && sourceKnown(told)) ??
      (waiting && sourceWaiting(waiting)) ??
      this.#sourceOf(connectionId);
    if (found === null) return;
    const by = this.#options.context.origins.nameOf(found.source.address);
    this.#options.onFound({ ...cause, ...found, by });
  }

  /** null: nobody knows. The host is awake all the same. */
  #sourceOf(connectionId: number | null): WakeSource | null {
    const { sensing, log } = this.#options.context.ports;
    const { name, address } = this.#options.declared();
    try {
      return sourceAmong(sensing.connections(address), this.#known, connectionId);
    } catch (error) {
      log.warn({ host: name, err: error }, "who woke it cannot be found out");
      return null;
    }
  }

  #lookAtTimers(tied: boolean, nowMs: number): void {
    const { idle } = this.#options.declared();
    const runtimePid = this.#options.runtimePid();
    if ((!idle.honorsTimers && !tied) || runtimePid === null) {
      this.#nextTimerMs = null;
      return;
    }
    const waits = this.#options.context.ports.sensing.waits(runtimePid);
    this.#nextTimerMs = this.#timers.look(waits, nowMs);
  }

  /** Until a timer of the guest's own that is so near that sleep is not worth it; null: none is. */
  #dueMs(afterMs: number, nowMs: number): number | null {
    if (this.#nextTimerMs === null) return null;
    const leftMs = this.#nextTimerMs - nowMs;
    return leftMs < Math.min(afterMs, this.#minimum.ms) ? Math.max(0, leftMs) : null;
  }

  #setAlarm(): void {
    const { wakeEveryMs } = this.#options.declared();
    const nowMs = this.#nowMs;
    const own = this.#nextTimerMs === null ? null : Math.max(0, this.#nextTimerMs - nowMs);
    const delays = [own, wakeEveryMs].filter((delay) => delay !== null);
    if (delays.length === 0) return;
    const { clock } = this.#options.context.ports;
    this.#alarm = clock.setTimeout(
      () => {
        this.#alarm = null;
        this.#wake("timer");
      },
      Math.min(...delays),
    );
  }

  #unwatch(): void {
    this.#watch?.end();
    this.#watch = null;
    this.#verdict = null;
    this.#clearAlarm();
  }

  #clearAlarm(): void {
    if (this.#alarm !== null) this.#options.context.ports.clock.clearTimeout(this.#alarm);
    this.#alarm = null;
  }

  /** By something of its own. */
  #wake(signal: Cause["signal"]): void {
    this.#signalledAtMs ??= this.#nowMs;
    this.#options.onSignal(this.#cause(signal, this.#options.declared().name));
  }

  #cause(signal: Cause["signal"], by: string): Cause {
    return this.#options.context.origins.cause({ signal, by });
  }

  get #nowMs(): number {
    return this.#options.context.ports.clock.monotonicMs();
  }
}
