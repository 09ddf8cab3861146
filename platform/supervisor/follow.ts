/**
 * What becomes of a host that another node has, learnt by looking at its record: with jitter, so
 * that the losers of a herd do not ask all at once, and never longer than the boot that waits.
 */
import { claimable, isElsewhere, asleep as sleeps } from "../lifecycle/decide.js";
import type { Verdict } from "../lifecycle/host-context.js";
import type { Followed, FollowInput } from "../lifecycle/host-setup.js";
import { type BackOffRange, backOffMs, pause } from "../membership/back-off.js";
import { takeoverWaitMs } from "../membership/lease.js";
import type { Clock } from "../ports/clock.js";
import type { HostRecord } from "../ports/membership.js";
import type { Random } from "../ports/random.js";

/** Since when this version of a record has been seen, monotonic ms. */
export interface Sighting {
  readonly version: number;
  readonly sinceMs: number;
}

export interface FollowPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeId: string;
  readonly host: string;
  /** By host; a lease outlasts the patience of a boot, and so does what was seen of it. */
  readonly sightings: Map<string, Sighting>;
  /** The caller has lost interest. */
  readonly signal: AbortSignal;
  read(): Promise<HostRecord | null>;
}

const polling: BackOffRange = { firstMs: 50, longestMs: 500 };
/** A claimer that lives has invoked long before. */
const helpFirstMs = 1_000;
const helpSpreadMs = 2_000;

export async function follow(input: FollowInput, ports: FollowPorts): Promise<Followed> {
  const { random, signal } = ports;
  const began = input.record;
  const helpAfterMs = helpFirstMs + random.uniform() * helpSpreadMs;
  let seen = began;
  for (let round = 0; !signal.aborted; round += 1) {
    const unchangedMs = sightedFor(seen, ports);
    const isNews = seen?.version !== began?.version;
    const verdict = judge(seen, {
      ...{ nodeId: ports.nodeId, unchangedMs, helpAfterMs, isNews },
      unreachable: input.unreachable && !isNews,
    });
    if (verdict !== null) return { record: seen, verdict };
    await pause(ports.clock, backOffMs(round, polling, random));
    seen = await ports.read();
  }
  return { record: seen, verdict: "free" };
}

/** How long this version has been there: counted from the receipt of the first look at it. */
function sightedFor(record: HostRecord | null, { clock, host, sightings }: FollowPorts): number {
  const nowMs = clock.monotonicMs();
  const version = record?.version ?? 0;
  const before = sightings.get(host);
  if (before?.version === version) return nowMs - before.sinceMs;
  sightings.set(host, { version, sinceMs: nowMs });
  return 0;
}

interface Circumstances {
  readonly nodeId: string;
  /** How long this version has been seen. */
  readonly unchangedMs: number;
  readonly helpAfterMs: number;
  /** It is not what it was when this began. */
  readonly isNews: boolean;
  readonly unreachable: boolean;
}

function judge(record: HostRecord | null, about: Circumstances): Verdict | null {
  if (!isElsewhere(record, about.nodeId)) {
    return record?.state === "failed" && about.isNews ? "failed" : "free";
  }
  if (record === null || sleeps(record)) return about.unreachable ? "free" : "there";
  if (about.unchangedMs >= takeoverWaitMs(record.leaseMs)) return "expired";
  if (claimable(record)) return "free";
  if (record.state === "running") return about.unreachable ? null : "there";
  // Frozen memory is where its node is: nobody else can invoke it.
  return record.memory === null && about.unchangedMs >= about.helpAfterMs && record.attempt < 3
    ? "help"
    : null;
}
