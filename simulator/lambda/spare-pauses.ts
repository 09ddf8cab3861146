import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { Environment } from "./environment.js";

/** The boot that took a spare gets the CPU for itself this long, or until it has responded. */
const holdMs = 100;
const firstPauseMs = 1_000;
const pauseMsMax = 60_000;

/** When no spare is started: while another boots a host, and after failures, at growing pauses. */
export class SparePauses {
  #hold: { readonly environment: Environment; readonly timer: TimerHandle } | null = null;
  #backoff: TimerHandle | null = null;
  #failures = 0;

  constructor(
    private readonly clock: Clock,
    private readonly over: () => void,
  ) {}

  get pausing(): boolean {
    return this.#hold !== null || this.#backoff !== null;
  }

  /** This one was a spare until now. */
  used(environment: Environment): void {
    if (this.#hold !== null) this.clock.clearTimeout(this.#hold.timer);
    const timer = this.clock.setTimeout(() => this.settled(environment), holdMs);
    this.#hold = { environment, timer };
  }

  /** It has responded, or ended. */
  settled(environment: Environment): void {
    if (this.#hold?.environment !== environment) return;
    this.clock.clearTimeout(this.#hold.timer);
    this.#hold = null;
    this.over();
  }

  failed(): void {
    if (this.#backoff !== null) return;
    const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, pauseMsMax);
    this.#failures += 1;
    this.#backoff = this.clock.setTimeout(() => {
      this.#backoff = null;
      this.over();
    }, pauseMs);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  stop(): void {
    if (this.#hold !== null) this.clock.clearTimeout(this.#hold.timer);
    if (this.#backoff !== null) this.clock.clearTimeout(this.#backoff);
    this.#hold = null;
    this.#backoff = null;
  }
}
