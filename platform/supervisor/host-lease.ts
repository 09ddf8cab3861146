/**
 * The lease of one host that lives here, where several nodes share the store: until when its guests
 * may accept, when it is to be prolonged, and when they are to be ended because it was not.
 */
import type { HostEvent } from "../lifecycle/events.js";
import { fenceMs, renewEveryMs } from "../membership/lease.js";
import type { TimerHandle } from "../ports/clock.js";
import type { Elsewhere } from "../ports/elsewhere.js";
import type { HostRecord } from "../ports/membership.js";
import type { HostSnapshot } from "./host-life.js";
import type { Moment, SupervisorPorts } from "./supervisor-context.js";

/** A renewal that failed is tried again so soon. */
const retryMs = 1_000;

export interface HostLeaseOptions {
  readonly context: {
    readonly ports: Pick<SupervisorPorts, "clock" | "elsewhere">;
    readonly sentAt: WeakMap<HostRecord, Moment>;
  };
  readonly declared: { readonly address: number };
  readonly send: (event: HostEvent) => void;
}

/** null: nobody else could have the host. */
export function leaseOf(options: HostLeaseOptions): HostLease | null {
  const { elsewhere } = options.context.ports;
  return elsewhere === undefined ? null : new HostLease(options, elsewhere);
}

export class HostLease {
  readonly #options: HostLeaseOptions;
  readonly #elsewhere: Elsewhere;
  /** What it was last counted from. */
  #record: HostRecord | null = null;
  /** null: an earlier supervisor may have left it open. */
  #isOpen: boolean | null = null;
  /** Of a sleep that was called off: it may be written down yet. Only a renewal tells. */
  #shutFor: HostRecord | null = null;
  #renewal: TimerHandle | null = null;
  #expiry: TimerHandle | null = null;

  constructor(options: HostLeaseOptions, elsewhere: Elsewhere) {
    this.#options = options;
    this.#elsewhere = elsewhere;
  }

  /** After each change of its life. */
  observe(snapshot: HostSnapshot): void {
    const { record, environment } = snapshot.context;
    const holds = record?.state === "running" && environment !== null;
    if (!holds) {
      this.leave();
      return;
    }
    if (record !== this.#record) this.#count(record);
    if (!serves(snapshot)) {
      this.#shut();
      this.#shutFor = record;
    } else if (this.#isOpen !== true && record !== this.#shutFor) this.#open(record);
  }

  /** There is nothing to hold. */
  leave(): void {
    if (this.#record === null && this.#isOpen === false) return;
    this.#record = null;
    this.#clear();
    this.#shut();
  }

  #count(record: HostRecord): void {
    this.#record = record;
    this.#clear();
    this.#isOpen = null;
    const { clock } = this.#options.context.ports;
    const nowMs = clock.monotonicMs();
    const sentMs = this.#sent(record)?.monotonicMs;
    const { incarnation } = record;
    const leftMs = (sentMs ?? nowMs) + record.leaseMs - fenceMs - nowMs;
    this.#expiry = clock.setTimeout(
      () => this.#options.send({ type: "lease.expired", incarnation }),
      Math.max(0, leftMs),
    );
    // What an earlier supervisor wrote is renewed at once: nobody knows when that was.
    this.#renewAfter(sentMs === undefined ? 0 : sentMs + renewEveryMs - nowMs, incarnation);
  }

  #renewAfter(delayMs: number, incarnation: number): void {
    const { clock } = this.#options.context.ports;
    this.#renewal = clock.setTimeout(
      () => {
        this.#renewAfter(retryMs, incarnation);
        this.#options.send({ type: "lease.due", incarnation });
      },
      Math.max(0, delayMs),
    );
  }

  #open(record: HostRecord): void {
    const { declared } = this.#options;
    const sent = this.#sent(record);
    if (sent === undefined) return;
    this.#isOpen = true;
    this.#elsewhere.setGate(declared.address, {
      incarnation: record.incarnation,
      untilMs: sent.monotonicMs + record.leaseMs,
      // As it was then: the machine may have been away while the answer was on its way.
      wallAheadMs: sent.wallMs - sent.monotonicMs,
    });
  }

  #shut(): void {
    this.#isOpen = false;
    this.#elsewhere.setGate(this.#options.declared.address, null);
  }

  #sent(record: HostRecord): Moment | undefined {
    return this.#options.context.sentAt.get(record);
  }

  #clear(): void {
    const { clock } = this.#options.context.ports;
    if (this.#renewal !== null) clock.clearTimeout(this.#renewal);
    if (this.#expiry !== null) clock.clearTimeout(this.#expiry);
    this.#renewal = null;
    this.#expiry = null;
  }
}

/** From the registration on, and not while it falls asleep or ends. */
function serves(snapshot: HostSnapshot): boolean {
  return (
    snapshot.matches({ life: { running: "serving" } }) ||
    snapshot.matches({ life: { allocating: "starting" } })
  );
}
