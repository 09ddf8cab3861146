/** What an event means to an environment in which a life goes on. */
import type { BootEvent, InvocationEvent } from "../platform/protocol/environment.js";

/**
 * same: the life is to go on. stale: it speaks of an earlier life of the host, a late duplicate.
 * other: the host is meant to live a newer life than this one, or another environment is meant.
 */
export type Bearing = "same" | "stale" | "other";

/** `life`: the event that it was booted by. `bootId`: of this environment. */
export function bearingOf(event: InvocationEvent, life: BootEvent, bootId: string): Bearing {
  if (event.deployId !== life.deployId || event.host !== life.host) return "other";
  if (event.incarnation < life.incarnation) return "stale";
  if (event.incarnation > life.incarnation) return "other";
  const isSame = event.action === "boot" ? event.claim === life.claim : event.memory === bootId;
  return isSame ? "same" : "other";
}
