/** The host machine with its world behind it. */
import assert from "node:assert";
import { type AnyActorRef, createActor } from "xstate";
import type { Adopting } from "../lifecycle/host-context.js";
import { hostMachine } from "../lifecycle/machine.js";
import type { HostRecord } from "../ports/membership.js";
import type { DeclaredHost } from "./declared-host.js";
import { hostActors } from "./host-actors.js";
import type { HostActorContext } from "./supervisor-context.js";

export type HostActor = ReturnType<typeof createHostActor>;

/** What is known of the host from before: its item, and the environment it was last in. */
export interface Found {
  readonly record: HostRecord | null;
  readonly lastEnvironment: string | null;
  readonly adopting: Adopting;
}

/** Which host an actor is of, and the supervisor that has it. */
export interface HostWorld {
  readonly context: HostActorContext;
  readonly declared: DeclaredHost;
}

const worlds = new WeakMap<AnyActorRef["system"], HostWorld>();

/**
 * Built once for all hosts: that takes milliseconds, for which the first connect to each host would
 * wait, and a machine remembers which transitions an event calls for.
 */
const machine = hostMachine.provide({
  actors: hostActors((system) => {
    const world = worlds.get(system);
    assert(world !== undefined, "every actor was made here");
    return world;
  }),
});

export function createHostActor(context: HostActorContext, declared: DeclaredHost, found: Found) {
  const { clock, inspect, elsewhere } = context.ports;
  const settings = {
    host: declared.name,
    nodeId: context.nodeId,
    ready: declared.ready,
    bootTimeoutMs: declared.bootTimeoutMs,
    stopGraceMs: declared.stopGraceMs,
    terminateAfterMs: declared.idle.terminateAfterMs,
    shared: elsewhere !== undefined,
  };
  const actor = createActor(machine, {
    input: { ...found, settings },
    clock: {
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
    },
    ...(inspect === undefined ? {} : { inspect }),
  });
  worlds.set(actor.system, { context, declared });
  return actor;
}
