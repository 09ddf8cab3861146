/**
 * A host whose record has not been read: the store was away when its supervisor was started. Who
 * comes meanwhile waits for the read, no longer than for a write that the store does not take; in
 * the queues of a host that an environment speaks for, as long as its guests let him wait.
 */
import type { Cause } from "../lifecycle/events.js";
import type { Clock, TimerHandle } from "../ports/clock.js";
import type { ConnectWaiters } from "./connect-waiters.js";
import type { PlaceholderSet } from "./placeholder-set.js";

/** As a claim that is not settled. */
const patienceMs = 10_000;

export class Unread {
  readonly #clock: Clock;
  readonly #waiters: ConnectWaiters;
  readonly #placeholders: PlaceholderSet;
  #cause: Cause | null = null;
  /** null: nobody waits. */
  #patience: TimerHandle | null = null;
  #isMet = false;

  constructor(clock: Clock, waiters: ConnectWaiters, placeholders: PlaceholderSet) {
    this.#clock = clock;
    this.#waiters = waiters;
    this.#placeholders = placeholders;
  }

  wake(cause: Cause): void {
    this.#cause ??= cause;
    this.#patience ??= this.#clock.setTimeout(() => this.#refuse(), patienceMs);
  }

  /** An environment says that it has the host: its guests take whoever is in the queues. */
  met(): void {
    this.#isMet = true;
  }

  /** It is read, or closed. Returns why the host is wanted; null: it is not. */
  end(): Cause | null {
    if (this.#patience !== null) this.#clock.clearTimeout(this.#patience);
    this.#patience = null;
    return this.#cause;
  }

  #refuse(): void {
    this.#patience = null;
    this.#waiters.refuseAll("ETIMEDOUT");
    // Who is in the queues then waits on: that life may turn out to be over.
    if (this.#isMet) return;
    this.#placeholders.resetQueues();
    // Time does not come a second time, as somebody who connects would.
    if (this.#cause?.signal !== "timer") this.#cause = null;
  }
}
