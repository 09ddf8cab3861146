/** What nodes last saw of hosts, and the writes that follow from it. */
import type { HostRecord, RecordState, RecordWrite } from "../../platform/ports/membership.js";
import { type Decision, type HostName, type NodeName, type Pin, suiting } from "./store-steps.js";

interface Belief {
  readonly state: RecordState;
  readonly incarnation: number;
  readonly version: number;
  readonly owner: string | null;
  readonly claim: string | null;
  readonly memory: string | null;
}

export class NodeBeliefs {
  readonly #deployId: string;
  readonly #seen = new Map<`${NodeName} ${HostName}`, HostRecord | null>();
  #decisions = 0;

  constructor(deployId: string) {
    this.#deployId = deployId;
  }

  see(node: NodeName, host: HostName, record: HostRecord | null): void {
    this.#seen.set(`${node} ${host}`, record);
  }

  /** `present` is what the store has, which the node may know in part. */
  write(decision: Decision, present: HostRecord | null): RecordWrite {
    const belief = this.#belief(decision, present);
    const candidates = suiting(belief?.state ?? null);
    const kind =
      typeof decision.kind === "string"
        ? decision.kind
        : (candidates[decision.kind % candidates.length] ?? "claim");
    this.#decisions += 1;
    return written(kind, decision, belief, {
      deployId: this.#deployId,
      operation: `${decision.node}-${this.#decisions}`,
    });
  }

  #belief({ node, host, knows, wrong }: Decision, present: HostRecord | null): Belief | null {
    const seen = this.#seen.get(`${node} ${host}`) ?? null;
    const known = knows === "everything" ? present : seen;
    if (known === null || present === null || wrong === "record") return null;
    const { incarnation, version } = knows === "nothing" ? known : present;
    return mistaken({ ...known, incarnation, version }, wrong);
  }
}

function mistaken(belief: Belief, pin: Pin | null): Belief {
  switch (pin) {
    case null:
      return belief;
    case "incarnation":
    case "version":
      return { ...belief, [pin]: belief[pin] + 1 };
    case "owner":
    case "claim":
    case "memory":
      return { ...belief, [pin]: "stranger" };
    default:
      return pin satisfies never;
  }
}

/** To whom nothing is known a first life stands to reason. */
function written(
  kind: RecordWrite["kind"],
  { node, host, message, count, saysNode }: Decision,
  belief: Belief | null,
  identity: { readonly deployId: string; readonly operation: string },
): RecordWrite {
  const base = { ...identity, host };
  const { incarnation, version } = belief ?? { incarnation: 1, version: 1 };
  const owned = { incarnation, version, owner: belief?.owner ?? "nobody" };
  const asleep = { incarnation, version, memory: belief?.memory ?? "nothing" };
  const claiming = { owner: node, claim: `claim of ${base.operation}`, leaseMs: 10_000 };
  switch (kind) {
    case "claim":
      return { ...base, kind, expected: belief && { incarnation, version }, ...claiming };
    case "register": {
      const memory = belief?.memory ?? null;
      const held = memory === null ? {} : { memory };
      const expected = { incarnation, claim: belief?.claim ?? "nothing", ...held };
      const owner = memory ?? `environment of ${base.operation}`;
      return { ...base, kind, expected, owner, ...(saysNode ? { node } : {}) };
    }
    case "fail":
      return {
        ...base,
        kind,
        expected: owned,
        failure: { code: "IM_GUEST_EXITED", message, count },
      };
    case "terminate":
    case "suspend":
    case "renew":
      return { ...base, kind, expected: owned };
    case "takeover":
      return { ...base, kind, expected: { incarnation, version }, ...claiming };
    case "help":
      return { ...base, kind, expected: { incarnation, version }, attempt: count };
    case "resume":
      return { ...base, kind, expected: asleep, ...claiming };
    case "selfResume":
    case "discard":
      return { ...base, kind, expected: asleep };
    default:
      return kind satisfies never;
  }
}
