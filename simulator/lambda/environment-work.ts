import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { EndReason } from "./environment-contract.js";
import type { EnvironmentOutput } from "./environment-output.js";
import type { EnvironmentRecord } from "./environment-record.js";
import type { Invocation, InvocationOutcome } from "./invocation.js";
import type { Expense, InvocationLedger } from "./invocation-ledger.js";
import { cutOff, failureLine, type InvocationTimes, UnderWay } from "./under-way.js";

interface WorkHost {
  readonly clock: Clock;
  readonly ledger: InvocationLedger;
}

/** Time that an event in hand has at least when another engine takes it over. */
const adoptedMsMin = 2_000;

/** What an environment does and has done: the event in hand, and what all of them cost. */
export class EnvironmentWork {
  /** What an earlier engine has billed is in it from the start. */
  finishedMs = 0;
  #current: UnderWay | null = null;
  #payload: Buffer | null = null;
  #initTimer: TimerHandle | null = null;
  #initBeganMs: number | null = null;
  #initMs: number | null = null;

  constructor(
    private readonly host: WorkHost,
    private readonly peakMemoryMb: () => number,
  ) {}

  get current(): UnderWay | null {
    return this.#current;
  }

  /** Of the last event, answered or not, until the next one is asked for. */
  get payload(): Buffer | null {
    return this.#payload;
  }

  get record(): EnvironmentRecord["current"] {
    return this.#current?.record ?? null;
  }

  /** Of the event in hand. */
  get runningMs(): number {
    return Math.ceil(this.#current?.runningMs ?? 0);
  }

  initBegins(limitMs: number, late: () => void): void {
    this.#initBeganMs = this.host.clock.monotonicMs();
    this.awaitReady(limitMs, late);
  }

  /** Without measuring: it was begun by an earlier engine. */
  awaitReady(limitMs: number, late: () => void): void {
    this.#initTimer = this.host.clock.setTimeout(late, limitMs);
  }

  /** Said again after each event: only the first one ends an initialisation. */
  initEnds(): void {
    this.#payload = null;
    this.#forgetInitTimer();
    if (this.#initBeganMs !== null) {
      this.#initMs = this.host.clock.monotonicMs() - this.#initBeganMs;
    }
    this.#initBeganMs = null;
  }

  /** No deadline counts any more. */
  stopTimers(): void {
    this.#forgetInitTimer();
    this.#current?.stop();
  }

  begin(invocation: Invocation, times: InvocationTimes, expired: () => void): UnderWay {
    this.#payload = invocation.payload;
    this.#current = new UnderWay(this.host.clock, invocation, times, expired);
    return this.#current;
  }

  /** Of an earlier engine; its deadline may have passed while there was none. */
  resume(invocation: Invocation, times: InvocationTimes, expired: () => void): void {
    this.#payload = invocation.payload;
    this.#current = new UnderWay(this.host.clock, invocation, times, expired, adoptedMsMin);
  }

  settle(
    outcome: InvocationOutcome,
    output: EnvironmentOutput,
    failure: Expense["failure"] = null,
  ): void {
    if (this.#current === null) return;
    const { invocation, runningMs } = this.#current;
    this.#current.stop();
    this.#current = null;
    const cost = { durationMs: runningMs, peakMemoryMb: this.peakMemoryMb(), initMs: this.#initMs };
    this.#initMs = null;
    const report = this.host.ledger.finish(invocation, output, { ...cost, failure });
    this.finishedMs += report.billedMs;
    const { logTail } = report;
    invocation.settle(outcome.result === "cancelled" ? outcome : { ...outcome, logTail });
  }

  #forgetInitTimer(): void {
    if (this.#initTimer !== null) this.host.clock.clearTimeout(this.#initTimer);
    this.#initTimer = null;
  }

  /** The environment has ended with the event in hand. `exit`: how, in AWS's words. */
  cutOff(reason: EndReason, exit: string, output: EnvironmentOutput): void {
    if (this.#current === null) return;
    const { invocation } = this.#current;
    const line = failureLine(invocation, reason, exit, this.host.clock.nowMs());
    const status = reason === "timeout" ? "timeout" : "error";
    this.settle(cutOff(invocation, reason, exit), output, { status, line });
  }
}
