/**
 * Whether a life has an invocation, and what follows from it that it has none: one that was
 * answered because its deadline was near is continued at once, or everything is over; one that was
 * answered because the host is to sleep may be long in coming.
 */
/** By then the supervisor has long given up. */
const uninvokedMsDefault = 75_000;

export class Attendance {
  readonly #uninvokedMs: number;
  readonly #onAbandoned: () => void;
  #invoked = true;
  /** Told to sleep, and not yet done so. */
  #sleepWanted = false;
  #wake: () => void = () => {};
  #timer: NodeJS.Timeout | null = null;

  /** `onAbandoned`: nobody came to continue the life. */
  constructor(onAbandoned: () => void, uninvokedMs = uninvokedMsDefault) {
    this.#onAbandoned = onAbandoned;
    this.#uninvokedMs = uninvokedMs;
  }

  get invoked(): boolean {
    return this.#invoked;
  }

  /** The supervisor wants the host to sleep. */
  sleep(): void {
    this.#sleepWanted = true;
    this.forget();
    this.#wake();
  }

  /** Resolves when it is to sleep: at once where that was said between two invocations. */
  sleepWanted(): Promise<"sleep"> {
    return new Promise((resolve) => {
      this.#wake = () => resolve("sleep");
      if (this.#sleepWanted) resolve("sleep");
    });
  }

  returned(): void {
    this.#invoked = false;
    if (!this.#sleepWanted) this.#timer = setTimeout(this.#onAbandoned, this.#uninvokedMs);
    this.#sleepWanted = false;
  }

  continued(): void {
    this.forget();
    this.#invoked = true;
  }

  forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
