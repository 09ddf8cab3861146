import type { HostChange } from "../supervisor/host-history.js";
import type { LifecycleEvent } from "./service.js";

const eventsMax = 10_000;

/** The last lifecycle events of a deployment, and whoever follows them. */
export class EventHistory {
  #events: LifecycleEvent[] = [];
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();

  get events(): readonly LifecycleEvent[] {
    return this.#events;
  }

  add(change: HostChange): void {
    const { atMs, host, incarnation, from, to, signal, by, tookMs, failure } = change;
    const at = new Date(atMs).toISOString();
    const event = { at, host, incarnation, from, to, signal, by, tookMs };
    const told: LifecycleEvent = failure === null ? event : { ...event, error: failure };
    this.#events.push(told);
    // Cut in large steps: shifting one by one would copy the array at each event.
    if (this.#events.length > eventsMax * 1.1) this.#events = this.#events.slice(-eventsMax);
    for (const listener of [...this.#listeners]) listener(told);
  }

  follow(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
