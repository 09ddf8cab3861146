import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { Environment } from "./environment.js";
import type { EndReason, EnvironmentEvents } from "./environment-contract.js";
import { type EnvironmentRecord, isLivingSpare } from "./environment-record.js";
import type { Blueprint } from "./function-record.js";
import { errorOutcome, type Invocation, isExpired, ownerOf } from "./invocation.js";
import { isReset, KeptDirectories } from "./kept-directories.js";
import { SparePauses } from "./spare-pauses.js";
import type { StartGate } from "./start-gate.js";
import { WaitingEvents } from "./waiting-events.js";

export interface PoolHost {
  readonly clock: Clock;
  readonly gate: StartGate;
  /** Spare environments that a shared blueprint keeps ready. */
  readonly sparesMax: number;
  readonly idleMs: number;
  /** Whether one that was idle for `idleMs` stays for as long again. */
  keeps(environment: Environment): boolean;
  /** Asked after each event: whether its environment ends now, in place of waiting for another. */
  reapsEarly(): boolean;
  /** `id`: of one that exists. */
  create(blueprint: Blueprint, events: EnvironmentEvents, id?: string): Environment;
  /** An environment ended before it was ready. */
  initFailed(environment: Environment): void;
}

/** From a runtime's answer to its next question: a millisecond or two, on a busy machine more. */
const patienceMs = 25;
/** As AWS, which repeats it once before the invocation fails. */
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
  readonly #waiting: WaitingEvents;
  /** Asked of the gate, or initialising. */
  #starting = 0;
  /** They have answered, and are about to ask for the next event. */
  readonly #returning = new Set<Environment>();
  readonly #pauses: SparePauses;
  readonly #events: EnvironmentEvents = {
    ready: (ready) => this.#ready(ready),
    away: (away) => this.#unlist(away),
    late: (late) => this.#initialised(late) && this.#startWanted(),
    responded: (responded) => this.#responded(responded),
    keepsTemporary: ({ functionName }) =>
      isReset(this.blueprint) && functionName !== null && this.#users.has(functionName),
    ended: (ended) => this.#ended(ended),
  };
  readonly #kept: KeptDirectories;

  constructor(
    readonly blueprint: Blueprint,
    private readonly host: PoolHost,
  ) {
    this.#pauses = new SparePauses(host.clock, () => this.#startWanted());
    this.#waiting = new WaitingEvents(host.clock, patienceMs, (late) => this.#impatient(late));
    this.#kept = new KeptDirectories(host.clock, host.idleMs);
  }

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
    const owner = ownerOf(invocation);
    const own = this.#take(owner);
    if (own === null && this.#isReturning(owner)) {
      this.#waiting.addPatient(invocation);
      return;
    }
    const environment = own ?? this.#take(unassigned);
    if (environment !== null) {
      this.#run(environment, invocation);
      return;
    }
    this.#waiting.add(invocation);
    this.#startWanted();
  }

  #isReturning(owner: string): boolean {
    for (const environment of this.#returning) {
      if (environment.owner === owner && !environment.retiring) return true;
    }
    return false;
  }

  #impatient(invocation: Invocation): void {
    const spare = this.#take(unassigned);
    if (spare === null) this.#startWanted();
    else if (this.#waiting.remove(invocation)) this.#run(spare, invocation);
  }

  /** The function has a new blueprint: what is busy may finish. Returns the events that wait. */
  retire(functionName: string): readonly Invocation[] {
    this.#users.delete(functionName);
    void this.#kept.forget(functionName);
    for (const environment of this.#ownedBy(functionName)) {
      if (environment.state === "busy") environment.retiring = true;
      else this.#end(environment, "retired");
    }
    return this.#waiting.withdraw(functionName);
  }

  /** The function is deleted: resolves when nothing of it runs. */
  async remove(functionName: string, reason: EndReason): Promise<void> {
    this.#users.delete(functionName);
    for (const invocation of this.#waiting.withdraw(functionName)) {
      invocation.settle({ result: "cancelled" });
    }
    const owned = this.#ownedBy(functionName).map((environment) => this.#end(environment, reason));
    await Promise.all(owned);
    await this.#kept.forget(functionName);
  }

  /** With the last user the unassigned ones go as well. */
  #ownedBy(functionName: string): readonly Environment[] {
    const all = [...this.#environments];
    if (this.unused) this.#pauses.stop();
    return all.filter(
      (environment) =>
        environment.functionName === functionName ||
        (this.unused && environment.functionName === null),
    );
  }

  #run(environment: Environment, invocation: Invocation): void {
    const { clock } = this.host;
    if (isExpired(invocation, clock.monotonicMs())) {
      invocation.settle(errorOutcome("EventAgeExceeded", "the event waited too long"));
      this.#settleIdle(environment);
      return;
    }
    const wasSpare = environment.owner === null;
    environment.run(invocation);
    if (wasSpare && this.#spares() > 0) this.#pauses.used(environment);
  }

  #responded(environment: Environment): void {
    this.#returning.add(environment);
    this.#pauses.settled(environment);
  }

  #spares(): number {
    const shared = this.blueprint.identity === null;
    return shared && !this.unused ? this.host.sparesMax : 0;
  }

  /** Environments that should be on their way: spares only while nobody waits. */
  #wanted(): number {
    if (this.#waiting.impatientSize > 0) return this.#waiting.impatientSize;
    if (this.#pauses.pausing) return 0;
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
    environment.start(this.#kept.takeFor(() => this.#waiting.owners()));
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
    this.#returning.delete(environment);
    if (this.#initialised(environment)) this.#pauses.succeeded();
    this.#settleIdle(environment);
  }

  /** Gives a free environment the first event that it may have, else lists it as idle. */
  #settleIdle(environment: Environment): void {
    if (environment.retiring) {
      this.#end(environment, "retired");
      return;
    }
    const owner = environment.owner ?? unassigned;
    if (owner !== unassigned && this.host.reapsEarly()) {
      this.#end(environment, "reaped");
      return;
    }
    const invocation = this.#waiting.takeFor(environment.owner);
    if (invocation !== null) {
      this.#run(environment, invocation);
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
      const isSpare = owner === unassigned && spares <= this.#spares();
      if (isSpare || this.host.keeps(environment)) this.#reapLater(environment);
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
    this.#returning.delete(environment);
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
    if (environment.bequest !== null) this.#kept.keep(environment.bequest);
    if (this.#initialised(environment)) this.#initFailed(environment);
    this.#pauses.settled(environment);
    this.#startWanted();
  }

  #initFailed(environment: Environment): void {
    if (this.unused && this.#waiting.size === 0) return;
    this.host.initFailed(environment);
    if (this.#spares() > 0) this.#pauses.failed();
    const { first } = this.#waiting;
    if (first === null) return;
    first.initFailures += 1;
    if (first.initFailures < initFailuresMax) return;
    this.#waiting.remove(first.invocation);
    first.invocation.settle(environment.initOutcome);
  }
}
