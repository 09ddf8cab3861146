/** Writes that were sent at once may take effect in any order: one must explain what was seen. */
import { isDeepStrictEqual } from "node:util";
import type {
  HostRecord,
  Membership,
  RecordWrite,
  WriteOutcome,
} from "../../platform/ports/membership.js";
import { deadlineMs } from "../membership/world.js";

/** A store in memory, with these records in it. */
export type OpenTwin = (records: readonly HostRecord[]) => Membership;

export interface Race {
  readonly deployId: string;
  readonly before: readonly HostRecord[];
  readonly writes: readonly RecordWrite[];
  /** In the order of the writes. */
  readonly outcomes: readonly WriteOutcome[];
  readonly after: readonly HostRecord[];
}

/** The twin as it is after an order that explains the race; null if there is none. */
export async function explain(race: Race, openTwin: OpenTwin): Promise<Membership | null> {
  for (const order of orders([...race.writes.keys()])) {
    const twin = openTwin(race.before);
    if (await explains(race, order, twin)) return twin;
  }
  return null;
}

async function explains(race: Race, order: readonly number[], twin: Membership): Promise<boolean> {
  for (const index of order) {
    const write = race.writes[index];
    const outcome = race.outcomes[index];
    if (write === undefined || outcome === undefined) return false;
    const expected = await twin.apply(write, deadlineMs);
    if (!isDeepStrictEqual(certain(outcome), certain(expected))) return false;
  }
  return isDeepStrictEqual(byHost(race.after), byHost(await twin.list(race.deployId)));
}

/** The record of a write that was rejected is read later: others may have come between. */
function certain(outcome: WriteOutcome): unknown {
  return outcome.result === "applied" ? outcome : outcome.result;
}

function orders(indices: readonly number[]): readonly (readonly number[])[] {
  if (indices.length === 0) return [[]];
  return indices.flatMap((first) =>
    orders(indices.filter((index) => index !== first)).map((rest) => [first, ...rest]),
  );
}

export function byHost(records: readonly HostRecord[]): HostRecord[] {
  return [...records].sort((a, b) => a.host.localeCompare(b.host));
}
