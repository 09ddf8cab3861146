/** Who woke whom: followed from one host to the host that woke it, back to where it began. */
import type { Wake } from "../supervisor/present-wake.js";
import { wakeOf } from "./past-wakes.js";
import type { LifecycleEvent } from "./service.js";
import type { HostWhy, WhyWake } from "./why-document.js";

export interface WakeSources {
  readonly events: readonly LifecycleEvent[];
  /** Whether a host of this name is declared. */
  isHost(name: string): boolean;
  /** Incarnation and wake of a host that is being woken right now; null: it is not. */
  present(host: string): { readonly incarnation: number; readonly wake: Wake } | null;
}

export type WakeChain = Pick<HostWhy, "chain" | "chainBegins">;

export function wakeChain(host: string, sources: WakeSources): WakeChain {
  const chain: WhyWake[] = [];
  const seen = new Set<string>();
  let at = host;
  let beforeMs = Number.POSITIVE_INFINITY;
  for (;;) {
    if (seen.has(at)) return { chain, chainBegins: "loop" };
    seen.add(at);
    const link = wakeBefore(at, beforeMs, sources);
    if (link === null) return { chain, chainBegins: chain.length === 0 ? "nobody" : "host" };
    chain.push(link);
    if (link.by === "outside") return { chain, chainBegins: "outside" };
    if (link.by === "im") return { chain, chainBegins: "hand" };
    if (link.by === at) return { chain, chainBegins: "itself" };
    if (!sources.isHost(link.by)) return { chain, chainBegins: "program" };
    at = link.by;
    beforeMs = Date.parse(link.at);
  }
}

/** The last wake of the host that began by then: a guest may connect before it is ready itself. */
function wakeBefore(host: string, beforeMs: number, sources: WakeSources): WhyWake | null {
  const present = sources.present(host);
  if (present !== null && present.wake.atMs <= beforeMs) {
    return { host, ...described(present.wake), incarnation: present.incarnation, underWay: true };
  }
  for (let index = sources.events.length - 1; index >= 0; index -= 1) {
    const event = sources.events[index];
    if (event?.host !== host) continue;
    const wake = wakeOf(event);
    if (wake === null || wake.atMs > beforeMs) continue;
    return { host, ...described(wake), incarnation: event.incarnation, underWay: false };
  }
  return null;
}

function described({ atMs, ...wake }: Wake): Omit<WhyWake, "host" | "incarnation" | "underWay"> {
  return { ...wake, phases: [...wake.phases], at: new Date(atMs).toISOString() };
}
