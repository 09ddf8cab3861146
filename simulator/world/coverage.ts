/** Which transitions of the host machine a world went through, and which none ever did. */
import type { InspectionEvent } from "xstate";
import { hostMachine } from "../../platform/lifecycle/machine.js";

type StateNode = typeof hostMachine.root;

/** Every transition by name. */
export function allTransitions(): ReadonlySet<string> {
  const names = new Set<string>();
  collect(hostMachine.root, names);
  return names;
}

function collect(node: StateNode, names: Set<string>): void {
  for (const [event, transitions] of node.transitions) {
    for (const index of transitions.keys()) names.add(nameOf(node, event, index));
  }
  for (const index of (node.always ?? []).keys()) names.add(nameOf(node, "", index));
  for (const child of Object.values(node.states)) collect(child, names);
}

export class Coverage {
  readonly taken = new Map<string, number>();

  /** Handed to the actors of a supervisor. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.microstep") return;
    for (const transition of event._transitions) {
      const { source, eventType } = transition;
      const listed = source.transitions.get(eventType)?.indexOf(transition) ?? -1;
      const always = source.always?.indexOf(transition) ?? -1;
      const name =
        listed >= 0 ? nameOf(source, eventType, listed) : nameOf(source, "", Math.max(0, always));
      this.taken.set(name, (this.taken.get(name) ?? 0) + 1);
    }
  };
}

/** `life.allocating.claiming: done #1`; several of one event are numbered, from the first. */
function nameOf(
  node: { readonly path: readonly string[]; readonly id: string },
  event: string,
  index: number,
): string {
  const what = event
    .replace(/^xstate\.done\.actor\..*/, "done")
    .replace(/^xstate\.error\.actor\..*/, "error")
    .replace(/^xstate\.after\.(\w+)\..*/, "after $1");
  const path = node.path.join(".") || "machine";
  return `${path}: ${what || "always"}${index > 0 ? ` #${index + 1}` : ""}`;
}
