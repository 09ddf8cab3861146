/** The host machine with its world behind it. */
import assert from "node:assert";
import { type AnyActorRef, createActor } from "xstate";
import type { Adopting } from "../lifecycle/host-context.js";
import { hostMachine } from "../lifecycle/machine.js";
import type { HostRecord } from "../ports/membership.js";
import type { DeclaredHost } from "./declared-host.js";
import { hostActors } from "./host-actors.js";
import type { HostActorContext } from "./supervisor-context.js";

export type HostActor = ReturnType<HostActorFactory["create"]>;

/** What is known of the host from before: its item, and the environment it was last in. */
export interface Found {
  readonly record: HostRecord | null;
  readonly lastEnvironment: string | null;
  readonly adopting: Adopting;
}

/**
 * Makes the actors of all hosts of a supervisor. The machine is built once for all of them: that
 * takes milliseconds, for which the first connect to each host would wait.
 */
export class HostActorFactory {
  readonly #context: HostActorContext;
  readonly #declaredOf = new WeakMap<AnyActorRef["system"], DeclaredHost>();
  readonly #machine: typeof hostMachine;

  constructor(context: HostActorContext) {
    this.#context = context;
    const actors = hostActors(context, (system) => this.#hostOf(system));
    this.#machine = hostMachine.provide({ actors });
  }

  create(declared: DeclaredHost, found: Found) {
    const { clock, inspect } = this.#context.ports;
    const settings = {
      host: declared.name,
      nodeId: this.#context.nodeId,
      ready: declared.ready,
      bootTimeoutMs: declared.bootTimeoutMs,
      stopGraceMs: declared.stopGraceMs,
      terminateAfterMs: declared.idle.terminateAfterMs,
      shared: this.#context.ports.elsewhere !== undefined,
    };
    const actor = createActor(this.#machine, {
      input: { ...found, settings },
      clock: {
        setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
        clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
      },
      ...(inspect === undefined ? {} : { inspect }),
    });
    this.#declaredOf.set(actor.system, declared);
    return actor;
  }

  #hostOf(system: AnyActorRef["system"]): DeclaredHost {
    const declared = this.#declaredOf.get(system);
    assert(declared !== undefined, "every actor was made here");
    return declared;
  }
}
