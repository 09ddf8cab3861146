/**
 * Membership over a table whose answers may be lost. A write whose answer is lost is never looked
 * up to learn its fate: it may still land after the look. It is repeated, identical, until it is
 * applied or its condition fails; then the record's operation tells whose write it bears.
 */
import type { Clock } from "../ports/clock.js";
import type { HostRecord, Membership, RecordWrite, WriteOutcome } from "../ports/membership.js";
import type { Random } from "../ports/random.js";
import { InFlight } from "./in-flight.js";
import { Persistence } from "./persistence.js";
import { settle } from "./transitions.js";

/** One attempt each: rejects where it is not known to have been answered. */
export interface RecordTable<Cursor> {
  /** The record after the write; null when its condition failed. */
  update(write: RecordWrite, signal: AbortSignal): Promise<HostRecord | null>;
  /** Consistent: every write that was answered before is seen. */
  get(deployId: string, host: string, signal: AbortSignal): Promise<HostRecord | null>;
  page(deployId: string, from: Cursor | undefined, signal: AbortSignal): Promise<Page<Cursor>>;
}

export interface Page<Cursor> {
  readonly records: readonly HostRecord[];
  readonly next: Cursor | undefined;
}

export interface SettlingOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of a read, and of each page of a list. */
  readonly readDeadlineMs?: number;
}

/** The embedded table is as fast with 8, 16 or 48, and 4 times slower without a bound. */
const requestsMax = 16;

export class SettlingMembership<Cursor> implements Membership {
  readonly #table: RecordTable<Cursor>;
  readonly #persistence: Persistence;
  readonly #readDeadlineMs: number;
  readonly #inFlight = new InFlight(requestsMax);

  constructor(table: RecordTable<Cursor>, options: SettlingOptions) {
    this.#table = table;
    this.#persistence = new Persistence(options.clock, options.random);
    this.#readDeadlineMs = options.readDeadlineMs ?? 10_000;
  }

  async read(deployId: string, host: string): Promise<HostRecord | null> {
    return this.#run(`read of ${host}`, this.#readDeadlineMs, (signal) =>
      this.#table.get(deployId, host, signal),
    );
  }

  async list(deployId: string): Promise<readonly HostRecord[]> {
    const all: HostRecord[] = [];
    let from: Cursor | undefined;
    do {
      const { records, next } = await this.#run("list of hosts", this.#readDeadlineMs, (signal) =>
        this.#table.page(deployId, from, signal),
      );
      all.push(...records);
      from = next;
    } while (from !== undefined);
    return all;
  }

  async apply(write: RecordWrite, deadlineMs: number): Promise<WriteOutcome> {
    return this.#run(`${write.kind} of ${write.host}`, deadlineMs, async (signal) => {
      const record = await this.#table.update(write, signal);
      if (record !== null) return { result: "applied", record };
      return settle(await this.#table.get(write.deployId, write.host, signal), write);
    });
  }

  #run<T>(
    what: string,
    deadlineMs: number,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#persistence.run(what, deadlineMs, (signal) =>
      this.#inFlight.run(signal, () => attempt(signal)),
    );
  }
}
