/**
 * After everything has healed: each machine reaches each host within what a lease, a boot and a
 * back-off may take; and when nobody asks for anything any more, nothing is timed or written.
 */
import type { Connect } from "./connect.js";
import type { Generator } from "./generator.js";
import type { Machine } from "./machine.js";
import type { Traffic } from "./traffic.js";
import type { WorldContext } from "./world-context.js";

/** Until each has been answered once. */
const withinMs = 60_000;
const againMs = 1_500;
/** A timer that is due later than this is not what keeps anything busy. */
const soonMs = 3_600_000;
/** Nothing has been written for so long. */
const silenceMs = 5_000;

export class Probes {
  readonly #world: WorldContext;
  readonly #machines: readonly Machine[];
  readonly #traffic: Traffic;
  readonly #generator: Generator;
  #left = 0;

  constructor(world: WorldContext, machines: readonly Machine[], traffic: Traffic) {
    this.#world = world;
    this.#generator = world.root.fork("probes");
    this.#machines = machines;
    this.#traffic = traffic;
  }

  plan(): void {
    const { timeline, scenario } = this.#world;
    timeline.after(scenario.endMs, () => this.#verifyQuiet());
    if (scenario.pattern === "herd") return;
    for (const machine of this.#machines) {
      for (const host of scenario.hosts) {
        this.#plan(machine, host.name, scenario.probeMs);
      }
    }
    // Most are asleep by then.
    for (const host of scenario.hosts) {
      const atMs = scenario.probeMs + this.#generator.between(15_000, 45_000);
      this.#plan(this.#generator.pick(this.#machines), host.name, atMs);
    }
  }

  #plan(machine: Machine, host: string, atMs: number): void {
    this.#left += 1;
    this.#world.timeline.after(atMs, () => this.#ask(machine, host, atMs));
  }

  #ask(machine: Machine, host: string, sinceMs: number): void {
    const { timeline, checks } = this.#world;
    this.#traffic.connect(machine, this.#world.hostOf(host), ({ outcome }: Connect) => {
      if (outcome === "answered") {
        this.#left -= 1;
        return;
      }
      if (timeline.nowMs - sinceMs > withinMs) {
        checks.violated("M6", `${host} is not reached from ${machine.name}: ${outcome}`);
      } else timeline.after(againMs, () => this.#ask(machine, host, sinceMs));
    });
  }

  #verifyQuiet(): void {
    const { timeline, checks, scenario } = this.#world;
    if (this.#left > 0) checks.violated("M6", `${this.#left} probes have no answer`);
    for (const { name, supervisor } of this.#machines) {
      const timers = supervisor?.stage.pending(soonMs) ?? 0;
      if (timers === 0) continue;
      const states = [...(supervisor?.supervisor.hosts.values() ?? [])]
        .filter(({ state }) => state !== "imaginary")
        .map(({ declared, state }) => `${declared.name} ${state}`);
      checks.violated("quiet", `${timers} timers on ${name} (${states.join(", ")})`);
    }
    const silentMs = timeline.nowMs - checks.lastWriteMs;
    if (scenario.connects > 0 && silentMs < silenceMs) {
      checks.violated("quiet", `written ${Math.round(silentMs)} ms ago`);
    }
  }
}
