/** Twins that are wrong in one way each: what holding against a twin must not overlook. */
import { planOf, settle, transition } from "../../platform/membership/transitions.js";
import type {
  HostRecord,
  Membership,
  RecordWrite,
  WriteOutcome,
} from "../../platform/ports/membership.js";
import type { OpenTwin } from "./racing-writes.js";
import type { Pin } from "./store-steps.js";

interface Defect {
  /** What a write finds instead of the record. */
  find?(record: HostRecord | null, write: RecordWrite): HostRecord | null;
  /** What is stored instead of the record after the write. */
  keep?(record: HostRecord, before: HostRecord | null): HostRecord;
  /** What it is told instead of its outcome. */
  tell?(outcome: WriteOutcome, before: HostRecord | null): WriteOutcome;
}

class ErringTwin implements Membership {
  readonly #byHost: Map<string, HostRecord>;
  readonly #defect: Defect;

  constructor(records: readonly HostRecord[], defect: Defect) {
    this.#byHost = new Map(records.map((record) => [record.host, record]));
    this.#defect = defect;
  }

  async read(_: string, host: string): Promise<HostRecord | null> {
    return this.#byHost.get(host) ?? null;
  }

  async list(): Promise<readonly HostRecord[]> {
    return [...this.#byHost.values()];
  }

  async apply(write: RecordWrite): Promise<WriteOutcome> {
    const { find, keep, tell } = this.#defect;
    const before = this.#byHost.get(write.host) ?? null;
    const after = transition(find === undefined ? before : find(before, write), write);
    const outcome =
      after === null ? settle(before, write) : this.#put(keep?.(after, before) ?? after);
    return tell?.(outcome, before) ?? outcome;
  }

  #put(record: HostRecord): WriteOutcome {
    this.#byHost.set(record.host, record);
    return { result: "applied", record };
  }
}

function ignoring(pin: Pin): Defect {
  return {
    find: (record, write) => {
      const wanted = planOf(write).requires?.[pin];
      return record === null || wanted === undefined ? record : { ...record, [pin]: wanted };
    },
  };
}

function erring(defect: Defect): OpenTwin {
  return (records) => new ErringTwin(records, defect);
}

/** By what is wrong with them. */
export const erringTwins: Readonly<Record<string, OpenTwin>> = {
  "looks at no version": erring(ignoring("version")),
  "looks at no incarnation": erring(ignoring("incarnation")),
  "looks at no owner": erring(ignoring("owner")),
  "looks at no claim": erring(ignoring("claim")),
  "looks at no memory": erring(ignoring("memory")),
  "claims over what is there": erring({
    find: (record, write) => (write.kind === "claim" && write.expected === null ? null : record),
  }),
  "keeps the memory of one who is claimed": erring({
    keep: (record, before) => ({
      ...record,
      memory: record.memory ?? (record.state === "allocating" ? (before?.memory ?? null) : null),
    }),
  }),
  "forgets failures when a host runs": erring({
    keep: (record) => (record.state === "running" ? { ...record, failure: null } : record),
  }),
  "rejects what it has applied": erring({
    tell: (outcome, before) =>
      outcome.record?.operation === before?.operation
        ? { result: "rejected", record: outcome.record }
        : outcome,
  }),
  "takes what it rejects for applied": erring({
    tell: (outcome) =>
      outcome.record === null ? outcome : { result: "applied", record: outcome.record },
  }),
  "tells nobody what holds instead": erring({
    tell: (outcome) => (outcome.result === "applied" ? outcome : { ...outcome, record: null }),
  }),
};
