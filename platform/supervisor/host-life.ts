/** The lifecycle actor of one host: started at the first touch, anew for a new declaration. */
import type { SnapshotFrom } from "xstate";
import { asleep, claimable, isElsewhere } from "../lifecycle/decide.js";
import type { Failure, HostEffect, HostEvent } from "../lifecycle/events.js";
import { meantBy } from "../lifecycle/host-context.js";
import type { hostMachine } from "../lifecycle/machine.js";
import type { HostRecord } from "../ports/membership.js";
import { environmentOf } from "../protocol/boot-id.js";
import type { DeclaredHost } from "./declared-host.js";
import { createHostActor, type Found, type HostActor } from "./host-actor.js";
import type { SupervisorContext } from "./supervisor-context.js";

export type HostSnapshot = SnapshotFrom<typeof hostMachine>;

export interface HostLifeListener {
  readonly onEffect: (effect: HostEffect) => void;
  readonly onSnapshot: (snapshot: HostSnapshot) => void;
}

export class HostLife {
  readonly #context: SupervisorContext;
  readonly #listener: HostLifeListener;
  #record: HostRecord | null;
  #lastEnvironment: string | null = null;
  #actor: HostActor | null = null;
  /** What the actor was started with. */
  #declared: DeclaredHost | null = null;

  constructor(context: SupervisorContext, record: HostRecord | null, listener: HostLifeListener) {
    this.#context = context;
    this.#record = record;
    this.#listener = listener;
  }

  get touched(): boolean {
    return this.#actor !== null;
  }

  get incarnation(): number {
    return this.#record?.incarnation ?? 0;
  }

  /** Of the boot that is under way. */
  get claim(): string | null {
    return this.#record?.claim ?? null;
  }

  /** Name of the environment that it runs in, says membership; null: that was met, or none. */
  get home(): string | null {
    if (this.#isElsewhere) return null;
    const { state = null, owner = null, memory = null } = this.#record ?? {};
    if (memory !== null) return environmentOf(memory);
    if (state !== "running" || owner === null || this.environment !== null) return null;
    return environmentOf(owner);
  }

  /** Its memory is kept, or about to be: the sockets of its guests take connections. */
  get asleep(): boolean {
    const life = this.#snapshot()?.value.life;
    if (life === undefined) return false;
    return (
      life === "suspended" ||
      (typeof life === "object" && ("suspending" in life || "resuming" in life))
    );
  }

  /** Whether the environment of this name has its life, or may have it. */
  mayLiveIn(name: string): boolean {
    if (this.#record === null || (claimable(this.#record) && !asleep(this.#record))) return false;
    const { state, memory, owner } = this.#record;
    const bootId = this.environment ?? memory ?? (state === "running" ? owner : null);
    const home = bootId === null ? null : environmentOf(bootId);
    return home === null || home === name;
  }

  get failure(): Failure | null {
    return this.#snapshot()?.context.failure ?? null;
  }

  get failuresInARow(): number {
    return this.#record?.failure?.count ?? 1;
  }

  /** Boot id of the environment that was accepted. */
  get environment(): string | null {
    return this.#snapshot()?.context.environment ?? null;
  }

  /** Boot id of the environment that is being invoked again; null: none is. */
  get recalled(): string | null {
    const snapshot = this.#snapshot();
    if (snapshot === null || !snapshot.matches({ invocation: "handingOver" })) return null;
    return meantBy(snapshot.context);
  }

  get handOvers(): number {
    return this.#snapshot()?.context.handOvers ?? 0;
  }

  /** Whether a failed host may be booted again. */
  get retryable(): boolean {
    return this.#snapshot()?.matches({ life: { failed: "retryable" } }) ?? true;
  }

  /** The actor of a host at rest gives way to one that knows the new declaration. */
  send(event: HostEvent, declared: DeclaredHost, atRest: boolean): void {
    if (this.#actor === null || (atRest && this.#declared !== declared)) {
      this.#actor?.stop();
      this.#actor = this.#start(declared, null);
    }
    this.#actor.send(event);
  }

  /** What the store knows of a host that nothing has touched. */
  learn(record: HostRecord | null): void {
    this.#record = record;
  }

  /** Takes up what an earlier supervisor left in the middle of a life; null where it did not. */
  adopt(
    declared: DeclaredHost,
    invoked: ReadonlySet<string | null>,
    socketsLost: boolean,
  ): HostSnapshot | null {
    if (this.#record === null || this.#isElsewhere) return null;
    if (claimable(this.#record) && !asleep(this.#record)) return null;
    const { state, claim } = this.#record;
    const left = state === "allocating" && invoked.has(claim) ? "invoked" : "found";
    this.#actor ??= this.#start(declared, state === "running" && socketsLost ? "lost" : left);
    return this.#actor.getSnapshot();
  }

  stop(): void {
    this.#actor?.stop();
  }

  /** Another node has it: nothing of it is here. */
  get #isElsewhere(): boolean {
    const { ports, nodeId } = this.#context;
    return ports.elsewhere !== undefined && isElsewhere(this.#record, nodeId);
  }

  #start(declared: DeclaredHost, adopting: Found["adopting"]): HostActor {
    this.#declared = declared;
    const found = { record: this.#record, lastEnvironment: this.#lastEnvironment, adopting };
    const actor = createHostActor(this.#context, declared, found);
    actor.start();
    actor.on("*", (effect) => this.#carryOut(effect, declared.name));
    actor.subscribe((snapshot) => {
      this.#record = snapshot.context.record;
      this.#lastEnvironment = snapshot.context.lastEnvironment;
      this.#listener.onSnapshot(snapshot);
    });
    return actor;
  }

  /** What the kernel refuses for one host must not end the supervisor of all. */
  #carryOut(effect: HostEffect, host: string): void {
    const { log, reached } = this.#context.ports;
    reached(effect.type, host);
    try {
      this.#listener.onEffect(effect);
    } catch (error) {
      log.error({ host, effect: effect.type, err: error }, "not carried out");
    }
  }

  #snapshot(): HostSnapshot | null {
    return this.#actor?.getSnapshot() ?? null;
  }
}
