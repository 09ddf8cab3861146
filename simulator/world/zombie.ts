/**
 * One machine, or an environment on it, stands still for more than an hour while the others go on
 * with its hosts, and comes back as it was.
 */
import type { Odds } from "./fault-plan.js";
import type { Machine } from "./machine.js";
import type { Runtime } from "./runtime.js";
import { giveUpMs } from "./stream.js";
import type { WorldContext } from "./world-context.js";

const kinds: Odds = {
  /** Its clocks go on. */
  "machine stopped": 0.3,
  /** Only its wall clock shows how long it was. */
  "machine suspended": 0.3,
  /** Its supervisor dies as an invocation ends: nobody comes to continue the life. */
  "environment frozen": 0.4,
};
/** An environment is left when its guest has nothing in hand: looked for so often, so long. */
const lookEveryMs = 5;
const looksMax = 2_000;
/** A keeper starts a supervisor so long after guests that were frozen run again. */
const keeperMs = 700;

export function planAbsence(world: WorldContext, machines: readonly Machine[]): void {
  const { scenario, timeline, trace, faults } = world;
  const { absence } = scenario;
  if (absence === null) return;
  const kind = faults.decide("absence", kinds)?.kind;
  if (kind === undefined) return;
  timeline.after(absence.fromMs, () => {
    if (kind === "environment frozen") {
      leaveEnvironment(world, machines, looksMax);
      return;
    }
    const machine = machines.find((one) => serving(one).length > 0) ?? machines[0];
    if (machine === undefined) return;
    trace.note(machine.name, `fault: ${kind}`);
    const goOn = machine.stop(kind === "machine suspended");
    timeline.after(absence.untilMs - timeline.nowMs, () => {
      trace.note(machine.name, "goes on");
      goOn();
      world.checks.cameBack(machine);
    });
  });
}

function leaveEnvironment(
  world: WorldContext,
  machines: readonly Machine[],
  looksLeft: number,
): void {
  for (const machine of machines) {
    const runtime = serving(machine).find(isAtLeisure);
    if (runtime === undefined) continue;
    leave(world, machine, runtime);
    return;
  }
  if (looksLeft === 0) return;
  world.timeline.after(lookEveryMs, () => leaveEnvironment(world, machines, looksLeft - 1));
}

function leave(world: WorldContext, machine: Machine, runtime: Runtime): void {
  const { timeline, scenario, trace } = world;
  const host = runtime.life?.event.host;
  const awayMs = (scenario.absence?.untilMs ?? 0) - timeline.nowMs;
  if (host === undefined) return;
  trace.note(machine.name, `fault: environment frozen, with ${host}`);
  machine.crash(awayMs + keeperMs);
  machine.programs.pause();
  runtime.nearDeadline();
  timeline.after(giveUpMs, () => machine.kernel.loseOthers());
  timeline.after(awayMs, () => {
    trace.note(machine.name, `${host} is thawed`);
    machine.programs.resume();
    world.cloud().hasten(world.hostOf(host).functionName, host, machine.name);
    world.checks.cameBack(machine);
  });
}

/** Of guests that let people in at present. */
function serving(machine: Machine): readonly Runtime[] {
  return [...machine.runtimes.values()].filter(({ life }) => {
    const { guest = null } = life ?? {};
    return guest?.listening === true && guest.world.isGateOpen();
  });
}

function isAtLeisure({ life }: Runtime): boolean {
  return [...(life?.guest?.streams ?? [])].every(({ pending }) => pending === 0);
}
