/** What the lifecycle events of a deployment say of wakes and sleeps that are over. */
import type { Suspension } from "../supervisor/host-history.js";
import type { Wake } from "../supervisor/present-wake.js";
import type { LifecycleEvent } from "./service.js";

export interface HostPast {
  readonly wakes: number;
  readonly lastWake: Wake | null;
  readonly lastSuspend: Suspension | null;
}

/** Of every host that was woken or suspended in these events. */
export function pastOfHosts(events: readonly LifecycleEvent[]): ReadonlyMap<string, HostPast> {
  const past = new Map<string, HostPast>();
  for (const event of events) {
    const before = past.get(event.host) ?? { wakes: 0, lastWake: null, lastSuspend: null };
    const wake = wakeOf(event);
    if (wake !== null) {
      past.set(event.host, { ...before, wakes: before.wakes + 1, lastWake: wake });
    } else if (event.to === "suspended") {
      const lastSuspend = { atMs: Date.parse(event.at), tookMs: event.tookMs ?? 0 };
      past.set(event.host, { ...before, lastSuspend });
    }
  }
  return past;
}

/** null: the event does not end a wake. */
export function wakeOf(event: LifecycleEvent): Wake | null {
  const { at, from, to, signal, by, tookMs, wake } = event;
  if (to !== "running" || (from !== "allocating" && from !== "resuming")) return null;
  if (wake === undefined) {
    // Taken up by a supervisor that was started in the middle of it.
    const unknown = { pid: null, program: null, port: null, phases: [] };
    return { ...unknown, signal, by, atMs: Date.parse(at), tookMs: tookMs ?? 0 };
  }
  const { at: signalledAt, ...details } = wake;
  return { ...details, signal, by, atMs: Date.parse(signalledAt) };
}
