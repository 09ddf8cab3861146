/** What befalls whole machines and links: crashes, stops, cuts and clocks that jump. */
import type { Decision, Odds } from "./fault-plan.js";
import type { Machine } from "./machine.js";
import type { WorldContext } from "./world-context.js";

/** On each machine, in each stretch of so many ms. */
const stretchMs = 20_000;
const odds: Odds = {
  "supervisor killed": 0.05,
  "supervisor stalled": 0.035,
  "machine stopped": 0.02,
  "machine suspended": 0.015,
  "cut from the store": 0.025,
  "store's answers lost": 0.02,
  "cut from the cloud": 0.02,
  "cut from a machine": 0.02,
  "clock set": 0.02,
};
/** At each step of a life that has a name. */
const stepOdds: Odds = { "killed at a step": 0.0025, "stalled at a step": 0.002 };

export class Calamities {
  readonly #world: WorldContext;
  readonly #machines: readonly Machine[];
  /** What ends what goes on. */
  readonly #endings = new Set<() => void>();

  constructor(world: WorldContext, machines: readonly Machine[]) {
    this.#world = world;
    this.#machines = machines;
  }

  plan(): void {
    const { timeline, scenario } = this.#world;
    // One machine's absence is what befalls it.
    if (scenario.absence !== null) return;
    for (const machine of this.#machines) {
      for (let atMs = stretchMs; atMs < scenario.healMs - stretchMs; atMs += stretchMs) {
        const decision = this.#world.faults.decide(`machine/${machine.name}`, odds);
        if (decision === null) continue;
        const withinMs = ((decision.size * 7919) % 1) * stretchMs;
        timeline.after(atMs + withinMs, () => this.#befall(machine, decision));
      }
    }
  }

  /** Everything that goes on ends. */
  heal(): void {
    for (const end of [...this.#endings]) end();
  }

  reached(machine: Machine, step: string, host: string): void {
    const decision = this.#world.faults.decide(`step/${machine.name}`, stepOdds);
    if (decision === null) return;
    this.#world.trace.note(machine.name, `${decision.kind}: ${step} of ${host}`);
    if (decision.kind === "killed at a step") machine.crash(shortMs(decision));
    else this.#stall(machine, decision);
  }

  #befall(machine: Machine, decision: Decision): void {
    const { trace, network } = this.#world;
    const { name } = machine;
    trace.note(name, `fault: ${decision.kind}`);
    switch (decision.kind) {
      case "supervisor killed":
        machine.crash(absenceMs(decision));
        return;
      case "supervisor stalled":
        this.#stall(machine, decision);
        return;
      case "machine stopped":
      case "machine suspended":
        if (!machine.kernel.stage.running) return;
        this.#for(stopMs(decision), machine.stop(decision.kind === "machine suspended"));
        return;
      case "clock set":
        machine.clock.jump((decision.size - 0.5) * 7_200_000);
        return;
      case "store's answers lost":
        this.#cut("store", name, decision);
        return;
      case "cut from a machine": {
        const other = this.#machines[Math.floor(decision.size * this.#machines.length)];
        if (other === undefined || other === machine) return;
        network.cut(other.name, name);
        this.#cut(name, other.name, decision, () => network.mend(other.name, name));
        return;
      }
      default:
        this.#cut(name, decision.kind === "cut from the cloud" ? "cloud" : "store", decision);
    }
  }

  #stall(machine: Machine, decision: Decision): void {
    const stage = machine.supervisor?.stage;
    if (stage === undefined || stage.ended) return;
    stage.pause();
    this.#for(shortMs(decision) * 4, () => stage.resume());
  }

  #cut(from: string, to: string, decision: Decision, also: () => void = () => undefined): void {
    const { network } = this.#world;
    network.cut(from, to);
    this.#for(longMs(decision), () => {
      network.mend(from, to);
      also();
    });
  }

  #for(durationMs: number, end: () => void): void {
    const once = () => {
      if (this.#endings.delete(once)) end();
    };
    this.#endings.add(once);
    this.#world.timeline.after(durationMs, once);
  }
}

function shortMs({ size }: Decision): number {
  return 50 + size ** 3 * 6_000;
}

/** Its keeper starts another at once, unless that is gone, too. */
function absenceMs(decision: Decision): number {
  return decision.size > 0.6 ? (decision.size - 0.6) * 150_000 : shortMs(decision);
}

function longMs({ size }: Decision): number {
  return 200 + size ** 2 * 50_000;
}

/** Some last until everything heals: what comes back then is of another time. */
function stopMs(decision: Decision): number {
  return decision.size > 0.85 ? 600_000 : longMs(decision);
}
