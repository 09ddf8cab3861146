/** The host machine with its world behind it. */
import { createActor } from "xstate";
import type { Adopting } from "../lifecycle/host-context.js";
import { hostMachine } from "../lifecycle/machine.js";
import type { HostRecord } from "../ports/membership.js";
import type { DeclaredHost } from "./declared-host.js";
import { hostActors } from "./host-actors.js";
import type { SupervisorContext } from "./supervisor-context.js";

export type HostActor = ReturnType<typeof createHostActor>;

/** What is known of the host from before: its item, and the environment it was last in. */
export interface Found {
  readonly record: HostRecord | null;
  readonly lastEnvironment: string | null;
  readonly adopting: Adopting;
}

export function createHostActor(context: SupervisorContext, declared: DeclaredHost, found: Found) {
  const machine = hostMachine.provide({ actors: hostActors(context, declared) });
  const settings = {
    host: declared.name,
    nodeId: context.nodeId,
    ready: declared.ready,
    bootTimeoutMs: declared.bootTimeoutMs,
    stopGraceMs: declared.stopGraceMs,
    terminateAfterMs: declared.idle.terminateAfterMs,
  };
  const { clock } = context.ports;
  return createActor(machine, {
    input: { ...found, settings },
    clock: {
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
    },
  });
}
