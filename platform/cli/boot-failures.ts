/** Why a program inside the network may have failed: hosts that could not boot while it ran. */
import type { LifecycleEvent } from "../daemon/service.js";
import { ImError } from "../errors/im-error.js";
import { type Target, withClient } from "./session.js";
import { plain, type Terminal } from "./terminal.js";

/** `sinceMs`: wall clock, ms since the epoch. */
export async function noteBootFailures(
  terminal: Terminal,
  target: Target,
  sinceMs: number,
): Promise<void> {
  // One line a host: of several failures the last.
  const failures = new Map<string, string>();
  for (const { at, host, to, error } of await pastEvents(target)) {
    if (to !== "failed" || error === undefined || Date.parse(at) < sinceMs) continue;
    failures.set(host, `${error.code} ${plain(error.message)}`);
  }
  for (const [host, reason] of failures) {
    terminal.note(`im: ${host} failed: ${reason} (im logs ${host})\n`);
  }
}

async function pastEvents(target: Target): Promise<readonly LifecycleEvent[]> {
  try {
    return await withClient(target.configuration, (client) => client.events(target.deployment));
  } catch (error) {
    // The deployment may have ended meanwhile; the program's own exit code is what counts.
    if (error instanceof ImError) return [];
    throw error;
  }
}
