/** The host machine on a clock of its own, with a store and a cloud that answer when told to. */
import { createActor, fromPromise, SimulatedClock, type StateValue } from "xstate";
import { completeWish, decide } from "../../platform/lifecycle/decide.js";
import type { HostEffect, HostEvent } from "../../platform/lifecycle/events.js";
import type { Adopting, Verdict } from "../../platform/lifecycle/host-context.js";
import type {
  ContinueInput,
  Followed,
  FollowInput,
  TransactInput,
} from "../../platform/lifecycle/host-setup.js";
import { hostMachine } from "../../platform/lifecycle/machine.js";
import { transition } from "../../platform/membership/transitions.js";
import type { HostRecord, WriteOutcome } from "../../platform/ports/membership.js";

export const settings = {
  host: "web",
  nodeId: "node-1",
  ready: "listen",
  bootTimeoutMs: 30_000,
  stopGraceMs: 10_000,
  terminateAfterMs: 600_000,
  shared: false,
} as const;

export const leaseMs = 10_000;

interface Pending {
  readonly what: string;
  settle(): void;
  fail(error: Error): void;
}

export class MachineRig {
  readonly effects: HostEffect[] = [];
  readonly clock = new SimulatedClock();
  readonly pending: Pending[] = [];
  /** What the environment was invoked again for. */
  readonly recalled: ContinueInput[] = [];
  /** Of a host that another node has. */
  verdict: Verdict = "there";
  item: HostRecord | null;
  readonly actor;
  #tokens = 0;

  constructor(
    item: HostRecord | null = null,
    seen: HostRecord | null = item,
    ready: "listen" | "exec" = "listen",
    adopting: Adopting = "found",
    shared = false,
  ) {
    this.item = item;
    const machine = hostMachine.provide({
      actors: {
        transact: fromPromise<WriteOutcome, TransactInput>(({ input }) =>
          this.#later(input.wish.type, () => this.#transact(input)),
        ),
        invoke: fromPromise<void, { record: HostRecord | null }>(() =>
          this.#later("invoke", () => undefined),
        ),
        follow: fromPromise<Followed, FollowInput>(() =>
          this.#later("follow", () => ({ record: this.item, verdict: this.verdict })),
        ),
        recall: fromPromise<void, ContinueInput>(({ input }) => {
          this.recalled.push(input);
          return this.#later("recall", () => undefined);
        }),
      },
    });
    const input = {
      settings: { ...settings, ready, shared },
      record: seen,
      lastEnvironment: null,
      adopting,
    };
    this.actor = createActor(machine, { input, clock: this.clock });
    this.actor.on("*", (effect) => this.effects.push(effect));
    this.actor.start();
  }

  /** Of the life. */
  get state(): string {
    return pathOf(this.actor.getSnapshot().value.life);
  }

  get lease(): string {
    return pathOf(this.actor.getSnapshot().value.lease);
  }

  /** Of the environment's invocation. */
  get invocation(): string {
    return pathOf(this.actor.getSnapshot().value.invocation);
  }

  get record(): HostRecord | null {
    return this.actor.getSnapshot().context.record;
  }

  send(event: HostEvent): this {
    this.actor.send(event);
    return this;
  }

  /** Lets the store or the cloud answer what was asked first. */
  async answer(what: string): Promise<this> {
    this.#take(what).settle();
    await turn();
    return this;
  }

  async refuse(what: string, message = "refused"): Promise<this> {
    this.#take(what).fail(new Error(message));
    await turn();
    return this;
  }

  types(): string[] {
    return this.effects.map((effect) => effect.type);
  }

  #take(what: string): Pending {
    const next = this.pending.shift();
    if (next?.what !== what) throw new Error(`expected ${what}, pending is ${next?.what}`);
    return next;
  }

  #later<T>(what: string, act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.pending.push({ what, settle: () => resolve(act()), fail: reject });
    });
  }

  #transact({ record, wish }: TransactInput): WriteOutcome {
    this.#tokens += 1;
    const identity = { deployId: "d", host: settings.host, operation: `op-${this.#tokens}` };
    const claim = { owner: settings.nodeId, claim: `claim-${this.#tokens}`, leaseMs };
    const decision = decide(record, completeWish(wish, claim), identity);
    if (decision.type === "refuse") return { result: "rejected", record: this.item };
    const next = transition(this.item, decision.write);
    if (next === null) return { result: "rejected", record: this.item };
    this.item = next;
    return { result: "applied", record: next };
  }
}

function pathOf(value: StateValue): string {
  if (typeof value === "string") return value;
  return Object.entries(value).map(([parent, child]) => `${parent}.${String(child)}`)[0] ?? "";
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export const cause = { signal: "connect", by: "curl", port: 80, atMs: 0, startedMs: 0 } as const;
export const wake = { type: "wake.requested", cause } as const;
export const stop = {
  type: "stop.requested",
  cause: { signal: "stop", by: "im", port: null, atMs: 0, startedMs: 0 },
} as const;

/** The environment of its life is still there, and has an invocation; `facts` may say otherwise. */
export function metAgain(
  facts: Partial<Extract<HostEvent, { type: "environment.resumed" }>> = {},
): HostEvent {
  const usual = { incarnation: 1, bootId: "boot-1", invoked: true, ready: true };
  return { type: "environment.resumed", ...usual, ...facts };
}

export function started(rig: MachineRig, bootId = "boot-1") {
  const { record } = rig;
  if (record?.claim == null) throw new Error("no claim is open");
  const { incarnation, claim } = record;
  return { type: "environment.started", incarnation, claim, bootId } as const;
}

export async function booted(rig = new MachineRig()): Promise<MachineRig> {
  rig.send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig));
  await rig.answer("register");
  const incarnation = rig.record?.incarnation ?? 0;
  return rig
    .send({ type: "guest.started", incarnation })
    .send({ type: "guest.ready", incarnation });
}
