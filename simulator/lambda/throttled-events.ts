import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { Invocation } from "./invocation.js";

/** Node's timers count in 31 bits. */
const timerMsMax = 2 ** 31 - 1;

export interface ThrottlingEvents {
  /** False: a limit is met, try again later. */
  isTaken(invocation: Invocation): boolean;
  tooOld(invocation: Invocation): void;
}

/**
 * Asynchronous events that a limit of concurrency keeps from being handled: first come first
 * served by function, until they are too old. AWS looks again at growing intervals; here they go
 * on as soon as there is room.
 */
export class ThrottledEvents {
  readonly #waiting = new Map<string, Map<Invocation, TimerHandle>>();
  #trying = false;

  constructor(
    private readonly clock: Clock,
    private readonly events: ThrottlingEvents,
  ) {}

  submit(invocation: Invocation): void {
    const leftMs = (invocation.expiresAtMs ?? Number.POSITIVE_INFINITY) - this.clock.monotonicMs();
    if (leftMs < 0) {
      this.events.tooOld(invocation);
      return;
    }
    const name = invocation.record.name;
    const isFirst = !this.#waiting.has(name);
    if (isFirst && this.events.isTaken(invocation)) return;
    const queue = this.#waiting.get(name) ?? new Map<Invocation, TimerHandle>();
    this.#waiting.set(name, queue);
    const expire = () => {
      this.#remove(invocation);
      this.events.tooOld(invocation);
    };
    queue.set(invocation, this.clock.setTimeout(expire, Math.min(leftMs, timerMsMax)));
  }

  /** After what is under way now: whoever calls may be in the middle of a change. */
  tryAgain(): void {
    if (this.#trying || this.#waiting.size === 0) return;
    this.#trying = true;
    queueMicrotask(() => {
      this.#trying = false;
      for (const queue of [...this.#waiting.values()]) this.#drain(queue);
    });
  }

  /** Returns what still waited, and forgets it. */
  close(): readonly Invocation[] {
    const left = [...this.#waiting.values()].flatMap((queue) => [...queue.keys()]);
    for (const invocation of left) this.#remove(invocation);
    return left;
  }

  #drain(queue: ReadonlyMap<Invocation, TimerHandle>): void {
    for (const invocation of [...queue.keys()]) {
      if (!this.events.isTaken(invocation)) return;
      this.#remove(invocation);
    }
  }

  #remove(invocation: Invocation): void {
    const name = invocation.record.name;
    const queue = this.#waiting.get(name);
    if (queue === undefined) return;
    this.clock.clearTimeout(queue.get(invocation));
    queue.delete(invocation);
    if (queue.size === 0) this.#waiting.delete(name);
  }
}
