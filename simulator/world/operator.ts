/** A person at one of the machines, who wakes, suspends and stops hosts by name now and then. */
import type { Machine } from "./machine.js";
import type { WorldContext } from "./world-context.js";

const usual = { count: 8, names: ["wake", "stop"] } as const;
const meddling = { count: 80, names: ["wake", "suspend", "stop", "stop"] } as const;

export function planOperator(world: WorldContext, machines: readonly Machine[]): void {
  const { root, timeline, scenario } = world;
  if (scenario.pattern === "herd") return;
  const generator = root.fork("operator");
  const commands = scenario.pattern === "rough" ? meddling : usual;
  for (let count = 0; count < commands.count; count += 1) {
    const machine = generator.pick(machines);
    const { name } = generator.pick(scenario.hosts);
    const command = generator.pick<"wake" | "suspend" | "stop">(commands.names);
    timeline.after(generator.between(10_000, scenario.healMs), () => {
      const process = machine.supervisor;
      // Nothing goes wrong in a world without faults: nobody is stopped there, either.
      if (process === null || !process.accepting || world.isFaultless) return;
      world.trace.note(machine.name, `im ${command} ${name}`);
      process.stage.deliver(() => {
        process.supervisor[command](name).catch((error: unknown) => {
          world.trace.note(machine.name, `im ${command} ${name}: ${String(error)}`);
        });
      });
    });
  }
}
