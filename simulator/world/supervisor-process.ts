/**
 * The process of one machine's supervisor: the platform's own `Supervisor` on ports of this world,
 * started and taken up as the daemon does it, and killed like any process.
 */
import { Sensing } from "../../platform/idle/sensing.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Random } from "../../platform/ports/random.js";
import type { EnvironmentMessage } from "../../platform/protocol/environment.js";
import { wakingAfter } from "../../platform/supervisor/host-history.js";
import { Supervisor } from "../../platform/supervisor/supervisor.js";
import type { SupervisorPorts } from "../../platform/supervisor/supervisor-context.js";
import { claimOfEvent } from "./claim-of-event.js";
import { cloudPort } from "./cloud-port.js";
import { elsewherePort } from "./elsewhere-port.js";
import type { Link, LinkHandler } from "./link.js";
import type { Machine } from "./machine.js";
import { guardsPort, holdersPort, logPort, sensorPort } from "./machine-ports.js";
import { SimulatedSockets } from "./placeholders.js";
import { base, declaredOn, deployId } from "./scenario.js";
import { type Stage, StageTimer } from "./stage.js";
import type { Environment } from "./world-context.js";

/** As `Deployment.restore` has it. */
const storePatienceMs = 2_000;

export class SupervisorProcess implements LinkHandler {
  readonly stage: Stage;
  readonly links = new Set<Link>();
  readonly supervisor: Supervisor;
  readonly #machine: Machine;
  #isAccepting = false;

  /** `life`: how often the machine has had one. */
  constructor(machine: Machine, life: number) {
    this.#machine = machine;
    this.stage = machine.stage();
    const { world } = machine;
    const random = randomPort(world.root.fork(`random/${machine.name}/${life}`), machine, life);
    const clock = clockPort(this.stage);
    const membership = world.membershipFor(machine.name, this.stage, { clock, random });
    const { mutation } = world;
    const guards = guardsPort(machine, this.stage);
    const sensor = sensorPort(machine, clock);
    const elsewhere = elsewherePort(machine, this.stage);
    const log = logPort(world, machine.name);
    const ports: SupervisorPorts = {
      clock,
      random,
      log,
      membership,
      cloud: cloudPort(machine, this.stage),
      sockets: new SimulatedSockets(machine.kernel, this.stage),
      holders: holdersPort(machine),
      guards: mutation.guards?.(guards, clock) ?? guards,
      sensing: new Sensing(mutation.sensor?.(sensor) ?? sensor, clock, log),
      nameTable: {
        publish: () => undefined,
        setRunning: (address, running) => {
          if (!this.stage.ended) machine.running.set(address, running);
        },
        ...{ descriptor: 0, path: "names", close: () => undefined },
      },
      elsewhere: mutation.elsewhere?.(elsewhere, clock) ?? elsewhere,
      ...(world.inspect === null ? {} : { inspect: world.inspect }),
      reached: (step, host) => world.reached(machine, step, host),
    };
    const identity = { deployment: "world", deployId, nodeId: machine.name, blockBase: base };
    this.supervisor = new Supervisor({ ...identity, ports });
    this.supervisor.onChange((change) => {
      machine.written.set(change.host, change);
      world.checks.changed(machine.name, change);
    });
  }

  get accepting(): boolean {
    return this.#isAccepting;
  }

  /** As `Deployment.restore` and the daemon's composition do it. */
  start(): void {
    const { world, name } = this.#machine;
    world.trace.note(name, "supervisor starts");
    const declared = declaredOn(name, world.scenario.hosts);
    const patience = this.stage.after(storePatienceMs, () => this.#accept());
    const read = this.supervisor.restore(declared, () => {
      if (this.stage.ended) return;
      this.stage.cancel(patience);
      this.#recall();
      this.supervisor.adopt(this.#invoked());
      this.#accept();
      this.#reconcile();
    });
    read.catch((error: unknown) => {
      if (!this.stage.ended) throw error;
    });
  }

  #accept(): void {
    if (this.#isAccepting || this.stage.ended) return;
    this.#isAccepting = true;
    this.#machine.world.accepting(this.#machine);
  }

  message(link: Link, message: EnvironmentMessage): void {
    switch (message.type) {
      case "environment.started":
      case "environment.resumed":
      case "environment.misdirected":
        this.supervisor.environmentReported(link, message);
        return;
      case "client.started":
        this.supervisor.clientStarted(link, message);
        return;
      case "client.resumed":
        this.supervisor.clientResumed(link, message);
        return;
      default:
        this.supervisor.message(link, message);
    }
  }

  closed(link: Link): void {
    this.links.delete(link);
    this.supervisor.peerClosed(link);
  }

  environmentFrozen({ tenantId }: Environment): void {
    if (!this.#isAccepting) return;
    this.stage.deliver(() => this.supervisor.hosts.get(tenantId)?.environmentFrozen());
  }

  environmentEnded({ tenantId, pid, id, payload }: Environment): void {
    if (!this.#isAccepting || pid === 0) return;
    const ending = { environment: id, claim: claimOfEvent(payload) };
    this.stage.deliver(() => this.supervisor.environmentEnded(tenantId, pid, ending));
  }

  mayLiveIn({ tenantId, id }: Environment): boolean {
    return this.supervisor.hosts.get(tenantId)?.mayLiveIn(id) ?? false;
  }

  kill(): void {
    this.#isAccepting = false;
    this.stage.end();
    for (const link of this.links) link.broken();
    for (const watch of [...this.#machine.kernel.watches])
      this.#machine.kernel.watches.delete(watch);
  }

  /** Of what was written down only the last change of each host is modelled. */
  #recall(): void {
    for (const [host, change] of this.#machine.written) {
      const past = { wakes: 0, lastWake: null, lastSuspend: null, waking: wakingAfter(change) };
      this.supervisor.hosts.get(host)?.history.recall(past);
    }
  }

  #invoked(): ReadonlySet<string | null> {
    const events = this.#machine.world.cloud().events();
    return new Set(events.map(({ payload }) => claimOfEvent(payload)));
  }

  #reconcile(): void {
    const environments = this.#machine.world
      .cloud()
      .environments()
      .filter(({ place }) => place === this.#machine.name)
      .map(({ id, state, pid }) => {
        const known = { invoked: state === "busy", pid: pid === 0 ? null : pid };
        return [id, known] as const;
      });
    for (const host of this.supervisor.hosts.values()) host.reconcile(new Map(environments));
  }
}

function clockPort(stage: Stage): Clock {
  return {
    nowMs: () => stage.clock.nowMs(),
    monotonicMs: () => stage.clock.monotonicMs(),
    setTimeout: (callback, delayMs) => stage.after(delayMs, callback),
    clearTimeout: (timer) => {
      if (timer instanceof StageTimer) stage.cancel(timer);
    },
  };
}

function randomPort(generator: { uniform(): number }, { name }: Machine, life: number): Random {
  let ids = 0;
  return {
    id: () => {
      ids += 1;
      return `${name}-${life}-${ids}`;
    },
    uniform: () => generator.uniform(),
  };
}
