/** What a host went through: its state, its changes with their durations, its wakes. */
import type { SnapshotFrom } from "xstate";
import type { Cause, Failure } from "../lifecycle/events.js";
import type { hostMachine } from "../lifecycle/machine.js";
import type { Clock } from "../ports/clock.js";

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
}

export interface Wake {
  readonly signal: string;
  readonly by: string;
  readonly port: number | null;
  readonly atMs: number;
  readonly tookMs: number;
}

type Snapshot = SnapshotFrom<typeof hostMachine>;

const passages: readonly HostState[] = ["allocating", "suspending", "resuming", "terminating"];

export class HostHistory {
  #state: HostState = "imaginary";
  #enteredMs: number;
  #cause: Cause | null = null;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #onChange: (change: HostChange) => void;
  #wakes = 0;
  #lastWake: Wake | null = null;
  #failedAtMs: number | null = null;

  constructor(host: string, clock: Clock, onChange: (change: HostChange) => void) {
    this.#host = host;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#enteredMs = clock.monotonicMs();
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

  get failedAtMs(): number | null {
    return this.#failedAtMs;
  }

  /** What an earlier supervisor wrote down. */
  recall(wakes: number, lastWake: Wake | null): void {
    this.#wakes = wakes;
    this.#lastWake = lastWake;
  }

  /** The host was in this state before this supervisor looked: that is no change. */
  resume(snapshot: Snapshot): void {
    this.#state = stateOf(snapshot);
  }

  /** Returns the state that was entered, null where it is the same as before. */
  observe(snapshot: Snapshot): HostState | null {
    const to = stateOf(snapshot);
    this.#cause = snapshot.context.cause ?? this.#cause;
    if (to === this.#state) return null;
    const from = this.#state;
    const nowMs = this.#clock.monotonicMs();
    const tookMs = passages.includes(from) ? Math.round(nowMs - this.#enteredMs) : null;
    this.#state = to;
    this.#enteredMs = nowMs;
    if (to === "running" && from !== "suspending") this.#noteWake(nowMs);
    if (to === "failed") this.#failedAtMs = this.#clock.nowMs();
    this.#onChange({
      atMs: this.#clock.nowMs(),
      host: this.#host,
      // The life that is being allocated has no record yet.
      incarnation: (snapshot.context.record?.incarnation ?? 0) + (to === "allocating" ? 1 : 0),
      from,
      to,
      ...this.#reason(from, to),
      tookMs,
      failure: to === "failed" || to === "terminating" ? snapshot.context.failure : null,
    });
    return to;
  }

  /** What a guest or the boot itself did is not the doing of whoever woke the host. */
  #reason(from: HostState, to: HostState): { readonly signal: string; readonly by: string } {
    const cause = this.#cause;
    if (to === "failed") return { signal: "boot.failed", by: this.#host };
    const own = to === "terminating" && cause?.signal !== "stop";
    if (own) return { signal: "guest.exited", by: this.#host };
    if (from === "terminating" && cause?.signal !== "stop") {
      return { signal: "guest.exited", by: this.#host };
    }
    return { signal: cause?.signal ?? "none", by: cause?.by ?? "nobody" };
  }

  #noteWake(nowMs: number): void {
    const cause = this.#cause;
    this.#wakes += 1;
    if (cause === null) return;
    const { signal, by, port, atMs } = cause;
    this.#lastWake = { signal, by, port, atMs, tookMs: Math.round(nowMs - cause.startedMs) };
  }
}

function stateOf(snapshot: Snapshot): HostState {
  const { life } = snapshot.value;
  const top = typeof life === "string" ? life : Object.keys(life)[0];
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
