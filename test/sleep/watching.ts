/** What is to be seen of a host that falls asleep and wakes, or of what keeps it from that. */
import { setTimeout as delay } from "node:timers/promises";
import type { LifecycleEvent } from "../../platform/daemon/service.js";
import type { WhyAwake } from "../../platform/daemon/why-document.js";
import type { World } from "../process/world.js";

/** The change to `state` that is the host's n-th, also where that has been. */
export function becomes(
  world: World,
  host: string,
  state: LifecycleEvent["to"],
  times = 1,
): Promise<LifecycleEvent> {
  let seen = 0;
  return world.happens((event) => {
    if (event.host === host && event.to === state) seen += 1;
    return seen === times;
  });
}

export const asleep = (world: World, host: string, times = 1): Promise<LifecycleEvent> =>
  becomes(world, host, "suspended", times);

/** How often it has fallen asleep. */
export async function sleeps(world: World, host: string): Promise<number> {
  const events = await world.client.events("shop");
  return events.filter((event) => event.host === host && event.to === "suspended").length;
}

/** Resolves when a look at the host has found that this rule keeps it awake. */
export async function keptBy(world: World, host: string, rule: WhyAwake["rule"]): Promise<void> {
  while ((await world.client.why("shop", host)).awake?.rule !== rule) await delay(10);
}
