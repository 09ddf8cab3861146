import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { Environment } from "./environment.js";
import type { EndReason, EnvironmentEvents } from "./environment-contract.js";
import { type EnvironmentRecord, isLivingSpare } from "./environment-record.js";
import type { Blueprint } from "./function-record.js";
import { errorOutcome, type Invocation, ownerOf } from "./invocation.js";
import type { StartGate } from "./start-gate.js";

export interface PoolHost {
  readonly clock: Clock;
  readonly gate: StartGate;
  /** Spare environments that a shared blueprint keeps ready. */
  readonly sparesMax: number;
  readonly idleMs: number;
  /** `id`: of one that exists. */
  create(blueprint: Blueprint, events: EnvironmentEvents, id?: string): Environment;
  /** An environment ended before it was ready. */
  initFailed(environment: Environment): void;
}

interface Waiting {
  readonly invocation: Invocation;
  initFailures: number;
}

/** The boot that took a spare gets the CPU for itself this long, or until it has responded. */
const spareHoldMs = 100;
const spareBackoffMs = 1_000;
const spareBackoffMsMax = 60_000;
/** As AWS: an initialisation that fails is repeated once before the invocation fails. */
const initFailuresMax = 2;
const unassigned = "";

/**
 * The environments of one blueprint, and the events that wait for one. An event goes to an idle
 * environment of its tenant, else to one that nobody has had yet, else a new one is started; it
 * takes whichever becomes free first.
 */
export class Pool {
  readonly #users = new Set<string>();
  readonly #environments = new Set<Environment>();
  /** By owner (function and tenant), the last used one last. */
  readonly #idle = new Map<string, Environment[]>();
  readonly #reapers = new Map<Environment, TimerHandle>();
  readonly #initialising = new Set<Environment>();
  #waiting: Waiting[] = [];
  /** Asked of the gate, or initialising. */
  #starting = 0;
  #hold: { environment: Environment; timer: TimerHandle } | null = null;
  #backoff: TimerHandle | null = null;
  #spareFailures = 0;
  readonly #events: EnvironmentEvents = {
    ready: (ready) => this.#ready(ready),
    away: (away) => this.#unlist(away),
    late: (late) => this.#initialised(late) && this.#startWanted(),
    responded: (responded) => this.#endHold(responded),
    ended: (ended) => this.#ended(ended),
  };

  constructor(
    readonly blueprint: Blueprint,
    private readonly host: PoolHost,
  ) {}

  get unused(): boolean {
    return this.#users.size === 0;
  }

  addUser(functionName: string): void {
    this.#users.add(functionName);
    this.#startWanted();
  }

  /** An event for this tenant need not wait for a new environment. */
  hasIdle(invocation: Invocation): boolean {
    return this.#idle.has(ownerOf(invocation)) || this.#idle.has(unassigned);
  }

  submit(invocation: Invocation): void {
    const environment = this.#take(ownerOf(invocation)) ?? this.#take(unassigned);
    if (environment !== null) {
      this.#run(environment, invocation);
      return;
    }
    this.#waiting.push({ invocation, initFailures: 0 });
    this.#startWanted();
  }

  /** The function has a new blueprint: what is busy may finish. Returns the events that wait. */
  retire(functionName: string): readonly Invocation[] {
    this.#users.delete(functionName);
    for (const environment of this.#ownedBy(functionName)) {
      if (environment.state === "busy") environment.retiring = true;
      else this.#end(environment, "retired");
    }
    return this.#withdraw(functionName);
  }

  /** The function is deleted: resolves when nothing of it runs. */
  async remove(functionName: string, reason: EndReason): Promise<void> {
    this.#users.delete(functionName);
    for (const invocation of this.#withdraw(functionName)) {
      invocation.settle({ result: "cancelled" });
    }
    const owned = this.#ownedBy(functionName);
    await Promise.all(owned.map((environment) => this.#end(environment, reason)));
  }

  /** With the last user the unassigned ones go as well. */
  #ownedBy(functionName: string): readonly Environment[] {
    const all = [...this.#environments];
    if (this.unused) this.#forgetSpares();
    return all.filter(
      (environment) =>
        environment.functionName === functionName ||
        (this.unused && environment.functionName === null),
    );
  }

  #withdraw(functionName: string): readonly Invocation[] {
    const isTheirs = ({ invocation }: Waiting) => invocation.record.name === functionName;
    const withdrawn = this.#waiting.filter(isTheirs);
    this.#waiting = this.#waiting.filter((waiting) => !isTheirs(waiting));
    return withdrawn.map(({ invocation }) => invocation);
  }

  #run(environment: Environment, invocation: Invocation): void {
    const { clock } = this.host;
    if (isExpired(invocation, clock)) {
      invocation.settle(errorOutcome("EventAgeExceeded", "the event waited too long"));
      this.#settleIdle(environment);
      return;
    }
    const wasSpare = environment.owner === null;
    environment.run(invocation);
    if (!wasSpare || this.#spares() === 0) return;
    if (this.#hold !== null) clock.clearTimeout(this.#hold.timer);
    const timer = clock.setTimeout(() => this.#endHold(environment), spareHoldMs);
    this.#hold = { environment, timer };
  }

  #endHold(environment: Environment): void {
    if (this.#hold?.environment !== environment) return;
    this.host.clock.clearTimeout(this.#hold.timer);
    this.#hold = null;
    this.#startWanted();
  }

  #spares(): number {
    const shared = this.blueprint.identity === null;
    return shared && !this.unused ? this.host.sparesMax : 0;
  }

  /** Environments that should be on their way: spares only while nobody waits. */
  #wanted(): number {
    if (this.#waiting.length > 0) return this.#waiting.length;
    if (this.#hold !== null || this.#backoff !== null) return 0;
    return Math.max(0, this.#spares() - (this.#idle.get(unassigned)?.length ?? 0));
  }

  #startWanted(): void {
    while (this.#starting < this.#wanted()) {
      this.#starting += 1;
      this.host.gate.request(() => this.#start());
    }
  }

  #start(): boolean {
    if (this.#starting > this.#wanted()) {
      this.#starting -= 1;
      return false;
    }
    const environment = this.host.create(this.blueprint, this.#events);
    this.#environments.add(environment);
    this.#initialising.add(environment);
    environment.start();
    return true;
  }

  /** Takes over one that an earlier engine started; it is listed once it asks for an event. */
  adopt(record: EnvironmentRecord, invocation: Invocation | null): Environment {
    const environment = this.host.create(this.blueprint, this.#events, record.id);
    this.#environments.add(environment);
    const returns = isLivingSpare(record);
    if (returns) this.#initialising.add(environment);
    if (returns) this.#starting += 1;
    this.host.gate.adopted(returns);
    environment.adopt(record, invocation);
    return environment;
  }

  #initialised(environment: Environment): boolean {
    if (!this.#initialising.delete(environment)) return false;
    this.#starting -= 1;
    this.host.gate.initialised();
    return true;
  }

  #ready(environment: Environment): void {
    if (this.#initialised(environment)) this.#spareFailures = 0;
    this.#settleIdle(environment);
  }

  /** Gives a free environment the first event that it may have, else lists it as idle. */
  #settleIdle(environment: Environment): void {
    if (environment.retiring) {
      this.#end(environment, "retired");
      return;
    }
    const owner = environment.owner ?? unassigned;
    const index = this.#waiting.findIndex(
      ({ invocation }) => owner === unassigned || ownerOf(invocation) === owner,
    );
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting !== undefined) {
      this.#run(environment, waiting.invocation);
      return;
    }
    const idle = this.#idle.get(owner);
    if (idle === undefined) this.#idle.set(owner, [environment]);
    else idle.push(environment);
    this.#reapLater(environment);
  }

  #reapLater(environment: Environment): void {
    const { clock, idleMs } = this.host;
    const timer = clock.setTimeout(() => {
      const owner = environment.owner ?? unassigned;
      const spares = this.#idle.get(unassigned)?.length ?? 0;
      if (owner === unassigned && spares <= this.#spares()) this.#reapLater(environment);
      else this.#end(environment, "reaped");
    }, idleMs);
    this.#reapers.set(environment, timer);
  }

  #take(owner: string): Environment | null {
    const environment = this.#idle.get(owner)?.at(-1) ?? null;
    if (environment !== null) this.#unlist(environment);
    return environment;
  }

  #unlist(environment: Environment): void {
    const timer = this.#reapers.get(environment);
    if (timer === undefined) return;
    this.host.clock.clearTimeout(timer);
    this.#reapers.delete(environment);
    const owner = environment.owner ?? unassigned;
    const left = (this.#idle.get(owner) ?? []).filter((other) => other !== environment);
    if (left.length === 0) this.#idle.delete(owner);
    else this.#idle.set(owner, left);
  }

  #end(environment: Environment, reason: EndReason): Promise<void> {
    this.#unlist(environment);
    return environment.end(reason);
  }

  #ended(environment: Environment): void {
    this.#unlist(environment);
    this.#environments.delete(environment);
    if (this.#initialised(environment)) this.#initFailed(environment);
    this.#endHold(environment);
    this.#startWanted();
  }

  #initFailed(environment: Environment): void {
    if (this.unused && this.#waiting.length === 0) return;
    this.host.initFailed(environment);
    this.#pauseSpares();
    const first = this.#waiting[0];
    if (first === undefined) return;
    first.initFailures += 1;
    if (first.initFailures < initFailuresMax) return;
    this.#waiting.shift();
    first.invocation.settle(environment.initOutcome);
  }

  #pauseSpares(): void {
    if (this.#spares() === 0 || this.#backoff !== null) return;
    const backoffMs = Math.min(spareBackoffMs * 2 ** this.#spareFailures, spareBackoffMsMax);
    this.#spareFailures += 1;
    this.#backoff = this.host.clock.setTimeout(() => {
      this.#backoff = null;
      this.#startWanted();
    }, backoffMs);
  }

  #forgetSpares(): void {
    if (this.#backoff !== null) this.host.clock.clearTimeout(this.#backoff);
    if (this.#hold !== null) this.host.clock.clearTimeout(this.#hold.timer);
    this.#backoff = null;
    this.#hold = null;
  }
}

function isExpired(invocation: Invocation, clock: Clock): boolean {
  return invocation.expiresAtMs !== null && clock.monotonicMs() > invocation.expiresAtMs;
}
