/** What the lifecycle events of a deployment say of wakes and sleeps. */
import { type HostPast, wakingAfter } from "../supervisor/host-history.js";
import type { Wake } from "../supervisor/present-wake.js";
import type { LifecycleEvent } from "./service.js";

const nothing: HostPast = { wakes: 0, lastWake: null, lastSuspend: null, waking: null };

/** Of every host in these events. */
export function pastOfHosts(events: readonly LifecycleEvent[]): ReadonlyMap<string, HostPast> {
  const past = new Map<string, HostPast>();
  for (const event of events) past.set(event.host, after(past.get(event.host) ?? nothing, event));
  return past;
}

function after(before: HostPast, event: LifecycleEvent): HostPast {
  const { at, to, tookMs } = event;
  const wake = wakeOf(event);
  const waking = wakingAfter(event);
  if (wake !== null) return { ...before, wakes: before.wakes + 1, lastWake: wake, waking };
  if (to !== "suspended") return { ...before, waking };
  return { ...before, lastSuspend: { atMs: Date.parse(at), tookMs: tookMs ?? 0 }, waking };
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
