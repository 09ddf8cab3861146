import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { FreezableTree } from "./freezer.js";

export interface SuspensionEvents {
  /** The pause is over. False: it is no time for a freeze any more. */
  due(): boolean;
  /** Nothing of the environment runs; it took so long, ms. */
  frozen(tookMs: number): void;
  /** It runs on. */
  failed(error: unknown): void;
}

/** Freezes an environment that has nothing to do, and thaws it when it has. */
export class Suspension {
  #timer: TimerHandle | null = null;
  #isCold = false;

  constructor(
    private readonly clock: Clock,
    private readonly tree: FreezableTree,
    private readonly pauseMs: number,
    private readonly events: SuspensionEvents,
  ) {}

  /** After the pause, if nothing happens in it. */
  freezeSoon(): void {
    this.#forgetTimer();
    if (this.pauseMs === 0) this.#freeze();
    else this.#timer = this.clock.setTimeout(() => this.#freeze(), this.pauseMs);
  }

  /** At once; also what is about to be frozen. */
  thaw(): void {
    this.#forgetTimer();
    if (!this.#isCold) return;
    this.#isCold = false;
    this.tree.thaw();
  }

  #freeze(): void {
    this.#timer = null;
    if (!this.events.due()) return;
    this.#isCold = true;
    const beganMs = this.clock.monotonicMs();
    this.tree.freeze().then(
      (isFrozen) => {
        if (isFrozen && this.#isCold) this.events.frozen(this.clock.monotonicMs() - beganMs);
      },
      (error) => {
        this.thaw();
        this.events.failed(error);
      },
    );
  }

  #forgetTimer(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
