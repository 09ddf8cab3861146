import { settle, transition } from "../../platform/membership/transitions.js";
import type {
  HostRecord,
  Membership,
  RecordWrite,
  WriteOutcome,
} from "../../platform/ports/membership.js";

/** Membership without a table, for simulations: answers at once, loses nothing, never fails. */
export class MemoryMembership implements Membership {
  /** By deployment, then host. */
  readonly #deployments = new Map<string, Map<string, HostRecord>>();
  readonly #transition: typeof transition;

  /** `rules`: what each write requires and changes; tests of the tests hand in broken ones. */
  constructor(records: Iterable<HostRecord> = [], rules = transition) {
    this.#transition = rules;
    for (const record of records) this.#put(record);
  }

  async read(deployId: string, host: string): Promise<HostRecord | null> {
    return this.at(deployId, host);
  }

  async list(deployId: string): Promise<readonly HostRecord[]> {
    return this.all(deployId);
  }

  async apply(write: RecordWrite): Promise<WriteOutcome> {
    const record = this.update(write);
    if (record === null) return settle(this.at(write.deployId, write.host), write);
    return { result: "applied", record };
  }

  at(deployId: string, host: string): HostRecord | null {
    return this.#deployments.get(deployId)?.get(host) ?? null;
  }

  all(deployId: string): readonly HostRecord[] {
    return [...(this.#deployments.get(deployId)?.values() ?? [])];
  }

  /** The record after the write; null where its condition does not hold. */
  update(write: RecordWrite): HostRecord | null {
    const record = this.#transition(this.at(write.deployId, write.host), write);
    if (record !== null) this.#put(record);
    return record;
  }

  #put(record: HostRecord): void {
    const hosts = this.#deployments.get(record.deployId) ?? new Map<string, HostRecord>();
    this.#deployments.set(record.deployId, hosts.set(record.host, record));
  }
}
