/**
 * After everything has healed: each machine reaches each host within what a lease, a boot and a
 * back-off may take; and when nobody asks for anything any more, nothing is timed or written.
 */
import type { Connect } from "./connect.js";
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
  #left = 0;

  constructor(world: WorldContext, machines: readonly Machine[], traffic: Traffic) {
    this.#world = world;
    this.#machines = machines;
    this.#traffic = traffic;
  }

  plan(): void {
    const { timeline, scenario } = this.#world;
    for (const machine of this.#machines) {
      for (const host of scenario.hosts) {
        this.#left += 1;
        timeline.after(scenario.probeMs, () => this.#ask(machine, host.name));
      }
    }
    timeline.after(scenario.endMs, () => this.#verifyQuiet());
  }

  #ask(machine: Machine, host: string): void {
    const { timeline, checks, scenario } = this.#world;
    this.#traffic.connect(machine, this.#world.hostOf(host), ({ outcome }: Connect) => {
      if (outcome === "answered") {
        this.#left -= 1;
        return;
      }
      const lateMs = timeline.nowMs - scenario.probeMs;
      if (lateMs > withinMs) {
        checks.violated("M6", `${host} is not reached from ${machine.name}: ${outcome}`);
      } else timeline.after(againMs, () => this.#ask(machine, host));
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
