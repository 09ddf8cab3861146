/** What a host went through: its state, its changes with their durations, its wakes and sleeps. */
import type { SnapshotFrom } from "xstate";
import type { Cause, Failure } from "../lifecycle/events.js";
import type { hostMachine } from "../lifecycle/machine.js";
import type { Clock } from "../ports/clock.js";
import type { Origins } from "./origins.js";
import { PresentWake, type Wake } from "./present-wake.js";
import type { SupervisorContext } from "./supervisor-context.js";

export type HostState =
  | "imaginary"
  | "allocating"
  | "running"
  | "suspending"
  | "suspended"
  | "resuming"
  | "terminating"
  | "failed";

export interface HostChange {
  readonly atMs: number;
  readonly host: string;
  readonly incarnation: number;
  readonly from: HostState;
  readonly to: HostState;
  readonly signal: string;
  readonly by: string;
  /** How long the host was in `from`, where that is a state of passage. */
  readonly tookMs: number | null;
  readonly failure: Failure | null;
  /** Of a change that ends a wake. */
  readonly wake: Wake | null;
}

export interface Reason {
  readonly signal: string;
  readonly by: string;
}

/** What was written down of a host. */
export interface HostPast {
  readonly wakes: number;
  readonly lastWake: Wake | null;
  readonly lastSuspend: Suspension | null;
  /** Of the wake that was under way at the end; null: none was. */
  readonly waking: Reason | null;
}

/** Of the wake that is under way after this change; null: none is, or it is woken for its end. */
export function wakingAfter({ to, signal, by }: Pick<HostChange, "to" | keyof Reason>) {
  return wakings.some((state) => state === to) && !endings.includes(signal) ? { signal, by } : null;
}

export interface Suspension {
  /** Wall clock, ms. */
  readonly atMs: number;
  /** From the decision until nothing of it ran. */
  readonly tookMs: number;
}

type Snapshot = SnapshotFrom<typeof hostMachine>;

const passages: readonly HostState[] = ["allocating", "suspending", "resuming", "terminating"];
const wakings: readonly HostState[] = ["allocating", "resuming"];
/** What a host that sleeps is woken for, only to be ended. */
const endings: readonly string[] = ["stop", "expired"];
/** Who connected is looked up while the environment makes itself ready: the node waits for it. */
const quietPhase = "booting";
/** Whoever has not come so far by then may be gone soon. */
const identifyAfterMs = 100;

export class HostHistory {
  #state: HostState = "imaginary";
  #enteredMs: number;
  #cause: Cause | null = null;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #onChange: (change: HostChange) => void;
  readonly #origins: Origins;
  #wakes = 0;
  #waking: PresentWake | null = null;
  #lastWake: Wake | null = null;
  #lastSuspend: Suspension | null = null;
  #changedAtMs: number | null = null;
  #failedAtMs: number | null = null;
  #wayDown: Reason | null = null;
  /** Of the wake that an earlier supervisor was in the middle of. */
  #recalled: Reason | null = null;

  constructor(
    host: string,
    { ports, origins }: SupervisorContext,
    onChange: (change: HostChange) => void,
  ) {
    this.#host = host;
    this.#clock = ports.clock;
    this.#onChange = onChange;
    this.#origins = origins;
    this.#enteredMs = ports.clock.monotonicMs();
  }

  get state(): HostState {
    return this.#state;
  }

  get wakes(): number {
    return this.#wakes;
  }

  get lastWake(): Wake | null {
    return this.#lastWake;
  }

  /** As far as it has come. */
  get presentWake(): Wake | null {
    return this.#waking?.told(this.#clock.monotonicMs()) ?? null;
  }

  get lastSuspend(): Suspension | null {
    return this.#lastSuspend;
  }

  get failedAtMs(): number | null {
    return this.#failedAtMs;
  }

  /** Wall clock, ms; null: it was in this state before this supervisor looked. */
  get changedAtMs(): number | null {
    return this.#changedAtMs;
  }

  /** What an earlier supervisor wrote down. */
  recall({ wakes, lastWake, lastSuspend, waking }: HostPast): void {
    this.#wakes = wakes;
    this.#lastWake = lastWake;
    this.#lastSuspend = lastSuspend;
    this.#recalled = waking;
  }

  /** The earlier supervisor was in the middle of waking it, and has not said that it was there. */
  get wasWaking(): boolean {
    return this.#recalled !== null;
  }

  /** The host was in this state before this supervisor looked: that is no change. */
  resume(snapshot: Snapshot): void {
    this.#state = this.#stateOf(pathOf(snapshot.value.life));
  }

  /** Returns the state that was entered, null where it is the same as before. */
  observe(snapshot: Snapshot): HostState | null {
    const path = pathOf(snapshot.value.life);
    const to = this.#stateOf(path);
    const from = this.#state;
    const nowMs = this.#clock.monotonicMs();
    this.#cause = snapshot.context.cause ?? this.#cause;
    this.#followWake(from, to, path.slice(1).join(".") || to, nowMs);
    if (to === from) return null;
    const tookMs = passages.includes(from) ? Math.round(nowMs - this.#enteredMs) : null;
    const atMs = this.#clock.nowMs();
    this.#state = to;
    this.#enteredMs = nowMs;
    this.#changedAtMs = atMs;
    if (to === "failed") this.#failedAtMs = atMs;
    if (to === "suspended") this.#lastSuspend = { atMs, tookMs: tookMs ?? 0 };
    const woken = to === "running" && wakings.includes(from);
    if (woken) this.#wakes += 1;
    this.#onChange({
      atMs,
      host: this.#host,
      // The life that is being allocated has no record yet.
      incarnation: (snapshot.context.record?.incarnation ?? 0) + (to === "allocating" ? 1 : 0),
      from,
      to,
      ...this.#reason(from, to),
      tookMs,
      failure: to === "failed" || to === "terminating" ? snapshot.context.failure : null,
      wake: woken ? this.#endWake(nowMs) : null,
    });
    if (!wakings.includes(to)) this.#recalled = null;
    return to;
  }

  /** Membership calls a life running that is still in the boot that was written down. */
  #stateOf(path: readonly string[]): HostState {
    const isBooting = this.#recalled !== null && path.includes("adopting");
    return isBooting ? "allocating" : stateOf(path);
  }

  /** What a guest, or the boot itself, or silence did is not the doing of whoever woke the host. */
  #reason(from: HostState, to: HostState): Reason {
    const byHost = (signal: string): Reason => ({ signal, by: this.#host });
    const { signal = "none", by = "nobody" } = this.#cause ?? this.#recalled ?? {};
    if (to === "failed") return byHost("boot.failed");
    if (to === "terminating") {
      const isAsked = endings.includes(signal);
      this.#wayDown = isAsked ? { signal, by } : byHost("guest.exited");
      return this.#wayDown;
    }
    if (from === "terminating") return this.#wayDown ?? byHost("guest.exited");
    return { signal, by };
  }

  #followWake(from: HostState, to: HostState, phase: string, nowMs: number): void {
    const waking = wakings.includes(to);
    if (waking && !wakings.includes(from)) this.#beginWake();
    else if (this.#cause !== null) this.#waking?.learn(this.#cause);
    this.#waking?.enter(waking ? phase : null, nowMs);
    if (phase === quietPhase) this.#waking?.identify(this.#origins);
    if (!waking && to !== "running") this.#waking = null;
  }

  #beginWake(): void {
    const cause = this.#cause;
    if (cause === null) return;
    const wake = new PresentWake(cause);
    this.#waking = wake;
    this.#clock.setTimeout(() => wake.identify(this.#origins), identifyAfterMs);
  }

  #endWake(nowMs: number): Wake | null {
    // A host that only slept is there before that.
    this.#waking?.identifyNow(this.#origins);
    const wake = this.#waking?.told(nowMs) ?? null;
    this.#waking = null;
    this.#lastWake = wake ?? this.#lastWake;
    return wake;
  }
}

/** Names from the outermost state to the innermost. */
function pathOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  const [first] = Object.entries(value);
  return first === undefined ? [] : [first[0], ...pathOf(first[1])];
}

function stateOf([top]: readonly string[]): HostState {
  switch (top) {
    case "imaginary":
    case "allocating":
    case "running":
    case "suspending":
    case "suspended":
    case "resuming":
    case "terminating":
    case "failed":
      return top;
    default:
      throw new Error(`the host machine has no state ${String(top)}`);
  }
}
