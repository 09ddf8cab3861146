/** Each way in which the platform could be wrong, as the research note lists them, and more. */
import type { RecordTable } from "../../platform/membership/settling-membership.js";
import { transition } from "../../platform/membership/transitions.js";
import type { HostRecord, RecordWrite } from "../../platform/ports/membership.js";
import type { Connection } from "../../platform/ports/sensor.js";
import type { Mutation } from "../../simulator/world/mutation.js";

/** What a write would do if its condition did not say `pins`. */
function unpinned(
  kind: RecordWrite["kind"],
  pins: readonly ("version" | "incarnation" | "claim" | "memory")[],
): typeof transition {
  return (record, write) => {
    if (write.kind !== kind || record === null) return transition(record, write);
    const expected: Record<string, unknown> = { ...write.expected };
    for (const pin of pins) if (pin in expected) expected[pin] = record[pin];
    return transition(record, { ...write, expected } as RecordWrite);
  };
}

function changing(
  kind: RecordWrite["kind"],
  change: (before: HostRecord, after: HostRecord) => HostRecord,
): typeof transition {
  return (record, write) => {
    const after = transition(record, write);
    if (record === null || after === null || write.kind !== kind) return after;
    return change(record, after);
  };
}

/** A write whose answer is lost is looked up, and taken for void where it is not there. */
function resolvingByRead(table: RecordTable<never>): RecordTable<never> {
  return {
    get: (deployId, host, signal) => table.get(deployId, host, signal),
    page: (deployId, from, signal) => table.page(deployId, from, signal),
    update: async (write, signal) => {
      try {
        return await table.update(write, signal);
      } catch {
        // The mutation itself: its fate is concluded from one look.
        const record = await table.get(write.deployId, write.host, signal);
        return record?.operation === write.operation ? record : null;
      }
    },
  };
}

/** A taker sees leases that are half as long. */
function impatient(table: RecordTable<never>): RecordTable<never> {
  return {
    page: (deployId, from, signal) => table.page(deployId, from, signal),
    update: (write, signal) => table.update(write, signal),
    get: async (deployId, host, signal) => {
      const record = await table.get(deployId, host, signal);
      return record === null ? null : { ...record, leaseMs: record.leaseMs / 2 };
    },
  };
}

const quiet = (connection: Connection): Connection => ({
  ...connection,
  ...{ received: 0, sent: 0, receiveQueue: 0, waiting: false },
});

export const mutations: Readonly<Record<string, Mutation>> = {
  "a lease is counted from the receipt, and a while longer": {
    elsewhere: (elsewhere, clock) => ({
      carry: (route) => elsewhere.carry(route),
      setGate: (address, word) => {
        if (word === null) elsewhere.setGate(address, null);
        else elsewhere.setGate(address, { ...word, untilMs: clock.monotonicMs() + 20_000 });
      },
    }),
  },
  "a taker waits half as long": { table: impatient },
  "a takeover does not pin the version": {
    rules: unpinned("takeover", ["version", "incarnation"]),
  },
  "a lost answer is resolved by a read": { table: resolvingByRead },
  "the gate stays open in a sleep": {
    elsewhere: (elsewhere, clock) => ({
      carry: (route) => elsewhere.carry(route),
      setGate: (address, word) => {
        const untilMs = clock.monotonicMs() + 60_000;
        if (word !== null) elsewhere.setGate(address, { ...word, untilMs });
      },
    }),
  },
  "a registration pins neither incarnation nor claim": {
    rules: unpinned("register", ["incarnation", "claim"]),
  },
  "memory is not guarded": { rules: unpinned("register", ["memory"]), continuesAny: true },
  "memory is kept by a takeover": {
    rules: changing("takeover", (before, after) => ({ ...after, memory: before.owner })),
  },
  "a claim pins neither incarnation nor version": {
    rules: unpinned("claim", ["incarnation", "version"]),
  },
  "an end forgets the incarnation": {
    rules: changing("terminate", (_, after) => ({ ...after, incarnation: 0 })),
  },
  "nothing guards a host that falls asleep": {
    guards: () => ({ arm: () => ({ close: () => undefined }) }),
  },
  "nobody sees what a connection does": {
    sensor: (sensor) => ({
      usedMs: 0,
      processes: (roots) => sensor.processes(roots),
      waits: (pid) => sensor.waits(pid),
      connections: () =>
        new Map([...sensor.connections()].map(([own, some]) => [own, some.map(quiet)])),
      lastClosed: (address) => sensor.lastClosed(address),
      connectionsOf: (address) => sensor.connectionsOf(address).map(quiet),
    }),
  },
};
