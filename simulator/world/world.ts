/**
 * A deployment on several machines that share only the store and the cloud, for ten minutes of
 * their time: the platform's own supervisors in a world that one seed decides.
 */
import { SettlingMembership } from "../../platform/membership/settling-membership.js";
import type { Membership } from "../../platform/ports/membership.js";
import type { InvocationEvent } from "../../platform/protocol/environment.js";
import { MemoryMembership } from "../dynamodb/memory-membership.js";
import { Calamities } from "./calamities.js";
import { Checks, type Violation } from "./checks.js";
import { SimulatedCloud } from "./cloud.js";
import type { Coverage } from "./coverage.js";
import { type Decision, FaultPlan } from "./fault-plan.js";
import { Generator } from "./generator.js";
import { Machine } from "./machine.js";
import type { Mutation } from "./mutation.js";
import { Network } from "./network.js";
import { planOperator } from "./operator.js";
import { Probes } from "./probes.js";
import { drawScenario, limitsOf, type ScenarioLimits } from "./scenario.js";
import { SimulatedTable } from "./simulated-table.js";
import { Timeline } from "./timeline.js";
import { Trace } from "./trace.js";
import { Traffic } from "./traffic.js";
import type { Environment, WorldContext } from "./world-context.js";
import { planAbsence } from "./zombie.js";

export interface WorldOptions {
  readonly seed: number;
  /** Default: those of `mixed`. */
  readonly limits?: ScenarioLimits;
  /** Nothing but these goes wrong; default: what the seed draws. */
  readonly decisions?: readonly Decision[];
  /** Lines for people, beside the hash. */
  readonly keepsTrace?: boolean;
  /** Collects the transitions of all machines; costs a third of the time. */
  readonly coverage?: Coverage;
  /** Breaks the platform, to see whether that is noticed. */
  readonly mutation?: Mutation;
}

/** How often things go wrong in a `rough` world, with a `mixed` one's odds. */
const roughFactor = 2.5;

export interface WorldResult {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly decisions: readonly Decision[];
  readonly hash: string;
  readonly trace: readonly string[];
  readonly connects: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Events that a machine did not expect, by event and state. */
  readonly refused: ReadonlyMap<string, number>;
  readonly counts: ReadonlyMap<string, number>;
  readonly simulatedMs: number;
  readonly steps: number;
}

export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  const world = new World(options);
  const result = await world.run();
  // A world is all microtasks: signals and messages to the process come between two of them.
  await new Promise((resolve) => setImmediate(resolve));
  return result;
}

/**
 * Resolves when every promise that can go on has gone on: a tick comes after all microtasks, those
 * too that they bring about. A turn of the event loop would do it as well, and costs more.
 */
const drained = () =>
  new Promise<void>((resolve) => queueMicrotask(() => process.nextTick(resolve)));

class World {
  readonly #options: WorldOptions;
  readonly #context: WorldContext;
  readonly #cloud: SimulatedCloud<InvocationEvent>;
  readonly #machines: readonly Machine[];
  readonly #traffic: Traffic;
  readonly #calamities: Calamities;

  constructor(options: WorldOptions) {
    this.#options = options;
    const root = Generator.of(options.seed);
    const timeline = new Timeline();
    const trace = new Trace(timeline, options.keepsTrace ?? false);
    const limits = options.limits ?? limitsOf.mixed;
    const factor = limits.pattern === "rough" ? roughFactor : 1;
    const faults = new FaultPlan(root.fork("faults"), options.decisions, factor);
    const network = new Network(root.fork("network"));
    const scenario = drawScenario(root.fork("scenario"), limits);
    const hosts = new Map(scenario.hosts.map((host) => [host.name, host]));
    const hostOf = (name: string) => {
      const host = hosts.get(name);
      if (host === undefined) throw new Error(`no host ${name}`);
      return host;
    };
    const checks = new Checks({
      ...{ timeline, trace },
      isCalm: () => faults.healed && timeline.nowMs > scenario.probeMs,
      isGateOpen: (guest) => guest.world.isGateOpen() && guest.world.stage.running,
      inFlightMaxMs: (host) => hostOf(host).idle.inFlightMaxMs,
    });
    const mutation = options.mutation ?? {};
    const records = new MemoryMembership([], mutation.rules);
    const table = {
      ...{ timeline, network, faults },
      written: checks.written.bind(checks),
      read: checks.read.bind(checks),
    };
    this.#context = {
      ...{ timeline, root, network, faults, trace, checks, scenario, hostOf },
      cloud: () => this.#cloud,
      isFaultless: options.decisions?.length === 0,
      ...{ mutation, inspect: options.coverage?.inspect ?? null },
      membershipFor: (node, stage, ports) => {
        const own = new SimulatedTable(table, records, node, stage);
        const membership = new SettlingMembership(mutation.table?.(own) ?? own, ports);
        return heard(membership, checks);
      },
      reached: (machine, step, host) => this.#calamities.reached(machine, step, host),
      accepting: (machine) => this.#traffic.accepting(machine),
      machineOf: (name) => this.#machineOf(name),
      callOn: (caller, from, guest, done) => this.#traffic.callOn(caller, from, guest, done),
    };
    this.#machines = scenario.nodes.map((name) => new Machine(name, this.#context));
    this.#cloud = this.#makeCloud();
    this.#traffic = new Traffic(this.#context, this.#machines);
    this.#calamities = new Calamities(this.#context, this.#machines);
  }

  async run(): Promise<WorldResult> {
    const { timeline, checks, scenario, faults, trace } = this.#context;
    for (const machine of this.#machines) machine.startSupervisor();
    this.#traffic.plan();
    this.#calamities.plan();
    planAbsence(this.#context, this.#machines);
    planOperator(this.#context, this.#machines);
    new Probes(this.#context, this.#machines, this.#traffic).plan();
    timeline.after(scenario.healMs, () => this.#heal());
    await this.#until(scenario.endMs);
    return {
      seed: this.#options.seed,
      violation: checks.violation,
      decisions: faults.made,
      hash: trace.hash,
      trace: trace.lines,
      connects: this.#traffic.count,
      outcomes: this.#traffic.outcomes,
      refused: checks.refused,
      counts: checks.counts,
      simulatedMs: timeline.nowMs,
      steps: timeline.steps,
    };
  }

  async #until(endMs: number): Promise<void> {
    const { timeline, checks } = this.#context;
    await drained();
    while (checks.violation === null && timeline.step(endMs)) await drained();
  }

  #heal(): void {
    this.#context.trace.note("world", "heals");
    this.#context.faults.heal();
    this.#calamities.heal();
  }

  #machineOf(wanted: string): Machine {
    const machine = this.#machines.find(({ name }) => name === wanted);
    if (machine === undefined) throw new Error(`no machine ${wanted}`);
    return machine;
  }

  #makeCloud(): SimulatedCloud<InvocationEvent> {
    const { timeline, root, faults, scenario } = this.#context;
    const machineOf = ({ place }: Environment): Machine => this.#machineOf(place);
    return new SimulatedCloud<InvocationEvent>({
      ...{ timeline, faults, latency: root.fork("cloud"), timeoutMs: scenario.timeoutMs },
      placeOf: ({ nodeSocket }) => nodeSocket,
      reach: (environment, act) => machineOf(environment).reach(act),
      start: (environment) => machineOf(environment).startRuntime(environment),
      keeps: (environment) => machineOf(environment).supervisor?.mayLiveIn(environment) ?? true,
      listener: {
        frozen: (environment) => machineOf(environment).supervisor?.environmentFrozen(environment),
        ended: (environment) => {
          const machine = machineOf(environment);
          machine.forgetRuntime(environment.pid);
          machine.supervisor?.environmentEnded(environment);
        },
      },
    });
  }
}

/** What supervisors are told of their writes is held against what becomes of them. */
function heard(membership: Membership, checks: Checks): Membership {
  return {
    read: (deployId, host) => membership.read(deployId, host),
    list: (deployId) => membership.list(deployId),
    apply: async (write, deadlineMs) => {
      const outcome = await membership.apply(write, deadlineMs);
      if (outcome.result === "rejected") checks.toldRejected(write);
      return outcome;
    },
  };
}
