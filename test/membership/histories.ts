import { join } from "node:path";
import type { ExecutionContext } from "ava";
import fc from "fast-check";
import { nanoid } from "nanoid";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import type { HostRecord, RecordWrite } from "../../platform/ports/membership.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { type Fault, openFaultProxy, type Upstream } from "./fault-proxy.js";
import { clock, deadlineMs, random, scratch, tableName } from "./world.js";

/** One write, made from the record as it then is, or from one that is off by a little. */
interface Move {
  readonly kind: RecordWrite["kind"];
  readonly host: string;
  readonly byOwner: boolean;
  readonly byClaim: boolean;
  readonly expectsNone: boolean;
  readonly incarnationOff: number;
  readonly versionOff: number;
  readonly message: string;
  /** Sends the last write of this host again instead. */
  readonly again: boolean;
  readonly faults: readonly Fault[];
}

const off = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1));
const mostly = fc.integer({ min: 0, max: 9 }).map((number) => number > 0);
const seldom = mostly.map((value) => !value);
const faults = fc.array(
  fc.constantFrom<Fault>("lost-answer", "false-500", "throttle", "lost-request"),
  { maxLength: 2 },
);
const moves = fc.array(
  fc.record<Move>({
    kind: fc.constantFrom(
      ...(["claim", "claim", "register", "register", "register", "fail", "terminate"] as const),
      ...(["suspend", "suspend", "resume", "resume", "selfResume", "discard"] as const),
      ...(["takeover", "help", "renew"] as const),
    ),
    host: fc.constantFrom("web", "api"),
    byOwner: mostly,
    byClaim: mostly,
    expectsNone: seldom,
    incarnationOff: off,
    versionOff: off,
    message: fc.string({ unit: "grapheme", maxLength: 40 }),
    again: seldom,
    faults: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, faults),
  }),
  { minLength: 5, maxLength: 60 },
);

/** Holds a table, spoilt on the way to it, against the twin in memory. */
export async function historiesAgree(
  t: ExecutionContext,
  upstream: Upstream,
  numRuns: number,
): Promise<void> {
  const { directory, remove } = await scratch();
  const socketPath = join(directory, "faulty.sock");
  const proxy = await openFaultProxy(socketPath, upstream);
  const client = createDynamoDbClient({ socketPath });
  t.teardown(async () => {
    client.destroy();
    await proxy.close();
    await remove();
  });
  const table = new DynamoDbMembership({ client, tableName, clock, random });

  const property = fc.asyncProperty(moves, async (history) => {
    const deployId = nanoid();
    const memory = new MemoryMembership();
    const last = new Map<string, RecordWrite>();
    for (const move of history) {
      const before = await memory.read(deployId, move.host);
      const write = (move.again ? last.get(move.host) : undefined) ?? made(deployId, move, before);
      last.set(move.host, write);
      const expected = await memory.apply(write);
      proxy.faults.push(...move.faults);
      t.deepEqual(await table.apply(write, deadlineMs), expected);
      proxy.faults.length = 0;
      verifySuccession(before, expected.record);
    }
    t.deepEqual(byHost(await table.list(deployId)), byHost(await memory.list(deployId)));
  });
  // fast-check prints seed and path of a counterexample.
  await t.notThrowsAsync(fc.assert(property, { numRuns }));
}

/** M2, and that a write is either applied once or not at all. */
function verifySuccession(before: HostRecord | null, after: HostRecord | null): void {
  const [incarnation, version] = [before?.incarnation ?? 0, before?.version ?? 0];
  const grown = (after?.incarnation ?? 0) - incarnation;
  const written = (after?.version ?? 0) - version;
  if (written < 0 || written > 1 || grown < 0 || grown > written) {
    throw new Error(`incarnation grew by ${grown} in ${written} writes`);
  }
}

function made(deployId: string, move: Move, record: HostRecord | null): RecordWrite {
  const base = { deployId, host: move.host, operation: nanoid() };
  const incarnation = Math.max(0, (record?.incarnation ?? 0) + move.incarnationOff);
  const version = Math.max(0, (record?.version ?? 0) + move.versionOff);
  const owner = move.byOwner ? (record?.owner ?? "node") : "stranger";
  const pinned = { incarnation, version };
  switch (move.kind) {
    case "claim": {
      const expected = record === null || move.expectsNone ? null : pinned;
      return { ...base, kind: "claim", expected, owner: "node", claim: nanoid(), leaseMs: 10_000 };
    }
    case "register": {
      const claim = move.byClaim ? (record?.claim ?? "none") : "older";
      return { ...base, kind: "register", expected: { incarnation, claim }, owner: "boot" };
    }
    case "fail": {
      const failure = { code: "IM_GUEST_EXITED", message: move.message, count: 1 };
      return { ...base, kind: "fail", expected: { ...pinned, owner }, failure };
    }
    case "terminate":
      return { ...base, kind: "terminate", expected: { ...pinned, owner } };
    case "suspend":
      return { ...base, kind: "suspend", expected: { ...pinned, owner } };
    case "resume": {
      const expected = { ...pinned, memory: memoryFor(move, record) };
      return { ...base, kind: "resume", expected, owner: "node", claim: nanoid(), leaseMs: 10_000 };
    }
    case "selfResume":
    case "discard":
      return { ...base, kind: move.kind, expected: { ...pinned, memory: memoryFor(move, record) } };
    case "takeover":
      return { ...base, kind: "takeover", expected: pinned, owner, claim: nanoid(), leaseMs: 1 };
    case "help":
      return { ...base, kind: "help", expected: pinned, attempt: (record?.attempt ?? 0) + 1 };
    case "renew":
      return { ...base, kind: "renew", expected: { ...pinned, owner } };
    default:
      return move.kind satisfies never;
  }
}

function memoryFor(move: Move, record: HostRecord | null): string {
  return move.byOwner ? (record?.memory ?? "none") : "stranger";
}

function byHost(records: readonly HostRecord[]): HostRecord[] {
  return [...records].sort((a, b) => a.host.localeCompare(b.host));
}
