import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Log } from "../ports/log.js";
import type { HostChange } from "../supervisor/host-history.js";
import type { Wake } from "../supervisor/present-wake.js";
import type { LifecycleEvent, WakeDetails } from "./service.js";

const eventsMax = 10_000;

/**
 * The last lifecycle events of a deployment, and whoever follows them. They are appended to a file,
 * so that a daemon that is started anew has them; a disk that refuses costs the file, not the host.
 */
export class EventHistory {
  readonly #file: string;
  readonly #log: Log;
  #events: LifecycleEvent[];
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#events = readEvents(file).slice(-eventsMax);
  }

  get events(): readonly LifecycleEvent[] {
    return this.#events;
  }

  add(change: HostChange): void {
    const told = eventOf(change);
    this.#events.push(told);
    // Cut in large steps: shifting one by one would copy the array at each event.
    if (this.#events.length > eventsMax * 1.1) {
      this.#events = this.#events.slice(-eventsMax);
      this.#keep(() => writeFileSync(this.#file, this.#events.map(line).join(""), { mode: 0o600 }));
    } else {
      this.#keep(() => appendFileSync(this.#file, line(told), { mode: 0o600 }));
    }
    for (const listener of [...this.#listeners]) listener(told);
  }

  follow(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The deployment is over. */
  remove(): void {
    rmSync(this.#file, { force: true });
  }

  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#log.warn({ err: error }, "an event could not be written");
    }
  }
}

function eventOf({ atMs, failure, wake, ...change }: HostChange): LifecycleEvent {
  return {
    at: new Date(atMs).toISOString(),
    ...change,
    ...(wake === null ? {} : { wake: detailsOf(wake) }),
    ...(failure === null ? {} : { error: failure }),
  };
}

function detailsOf({ atMs, tookMs, pid, program, port, phases }: Wake): WakeDetails {
  return { at: new Date(atMs).toISOString(), tookMs, pid, program, port, phases };
}

function line(event: LifecycleEvent): string {
  return `${JSON.stringify(event)}\n`;
}

function readEvents(file: string): LifecycleEvent[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").flatMap(readEvent);
}

/** The last line may have been cut by a crash: it is left out. */
function readEvent(text: string): LifecycleEvent[] {
  try {
    return text === "" ? [] : [JSON.parse(text) as LifecycleEvent];
  } catch {
    // Cut short: not an event.
    return [];
  }
}
