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

  constructor(records: Iterable<HostRecord> = []) {
    for (const record of records) this.#put(record);
  }

  async read(deployId: string, host: string): Promise<HostRecord | null> {
    return this.#deployments.get(deployId)?.get(host) ?? null;
  }

  async list(deployId: string): Promise<readonly HostRecord[]> {
    return [...(this.#deployments.get(deployId)?.values() ?? [])];
  }

  async apply(write: RecordWrite): Promise<WriteOutcome> {
    const before = this.#deployments.get(write.deployId)?.get(write.host) ?? null;
    const record = transition(before, write);
    if (record === null) return settle(before, write);
    this.#put(record);
    return { result: "applied", record };
  }

  #put(record: HostRecord): void {
    const hosts = this.#deployments.get(record.deployId) ?? new Map<string, HostRecord>();
    this.#deployments.set(record.deployId, hosts.set(record.host, record));
  }
}
