import type { Clock, TimerHandle } from "../ports/clock.js";

export interface IdleWatchOptions {
  readonly clock: Clock;
  /** Nothing is deployed and no request is under way. */
  readonly quiet: () => boolean;
  /** How long that must last. */
  readonly idleMs: number;
  /** Called once. */
  readonly onIdle: () => void;
}

/** Tells when the daemon is of no use any more. */
export class IdleWatch {
  readonly #options: IdleWatchOptions;
  #timer: TimerHandle | null = null;
  #quietSinceMs: number | null = null;

  constructor(options: IdleWatchOptions) {
    this.#options = options;
    this.#check();
  }

  /** Somebody was here: what lasted so far does not count. */
  touch(): void {
    this.#quietSinceMs = null;
  }

  /** The last deployment may just have ended: whoever ended it waits for us to go. */
  hurry(): void {
    if (this.#timer !== null && this.#options.quiet()) this.#end();
  }

  stop(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #check(): void {
    const { clock, quiet, idleMs } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!quiet()) this.#quietSinceMs = null;
    else this.#quietSinceMs ??= nowMs;
    if (this.#quietSinceMs !== null && nowMs - this.#quietSinceMs >= idleMs) {
      this.#end();
      return;
    }
    this.#timer = clock.setTimeout(() => this.#check(), Math.max(10, idleMs / 4));
  }

  #end(): void {
    this.stop();
    this.#options.onIdle();
  }
}
