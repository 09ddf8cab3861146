/** docs/host-lifecycle.md: the host machine drawn from itself. */
import { hostMachine } from "../platform/lifecycle/machine.js";

type StateNode = typeof hostMachine.root;

export function lifecycleChart(): string {
  const lines = ["stateDiagram-v2", "  direction TB"];
  draw(hostMachine.root, lines, "  ");
  const edges = new Set<string>();
  connect(hostMachine.root, edges);
  return [
    "# The host machine",
    "",
    "`npm run generate` makes this from `platform/lifecycle/machine.ts`; a test fails when stale.",
    "",
    "```mermaid",
    ...lines,
    ...[...edges].map((edge) => `  ${edge}`),
    "```",
    "",
  ].join("\n");
}

function draw(node: StateNode, lines: string[], indent: string): void {
  for (const child of Object.values(node.states)) {
    if (Object.keys(child.states).length === 0) {
      lines.push(`${indent}state "${child.key}" as ${nameOf(child)}`);
      continue;
    }
    lines.push(`${indent}state "${child.key}" as ${nameOf(child)} {`);
    draw(child, lines, `${indent}  `);
    lines.push(`${indent}}`);
  }
  // All regions of a parallel state are entered: none is the first.
  if (node.type === "parallel") return;
  for (const target of node.initial.target ?? []) {
    lines.push(`${indent}[*] --> ${nameOf(target)}`);
  }
}

function connect(node: StateNode, edges: Set<string>): void {
  const transitions = [...node.transitions.values()].flat();
  for (const transition of [...transitions, ...(node.always ?? [])]) {
    for (const target of transition.target ?? []) {
      const label = labelOf(transition.eventType, transition.guard);
      edges.add(`${nameOf(node)} --> ${nameOf(target)} : ${label}`);
    }
  }
  for (const child of Object.values(node.states)) connect(child, edges);
}

function labelOf(eventType: string, guard: unknown): string {
  const event = eventType
    .replace(/^xstate\.done\.actor\..*/, "done")
    .replace(/^xstate\.error\.actor\..*/, "error")
    .replace(/^xstate\.after\.(\w+)\..*/, "after $1");
  const names = namesOf(guard);
  const condition = names.length > 0 ? `[${names.join(" and ")}]` : "";
  return [event, condition].filter((part) => part !== "").join(" ") || "always";
}

/** Of a guard, or of all that `and` puts together; one that is written in place has none. */
function namesOf(guard: unknown): readonly string[] {
  if (typeof guard === "string") return [guard];
  if (typeof guard !== "function" || !("guards" in guard) || !Array.isArray(guard.guards))
    return [];
  return guard.guards.flatMap(namesOf);
}

function nameOf(node: StateNode): string {
  return node.path.join("_") || "host";
}
