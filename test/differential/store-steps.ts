/**
 * What nodes do to a store, as data that fast-check shrinks. Nothing in it is absolute: a write is
 * made of what its node believes when its turn has come, so that a shortened history still means
 * something.
 */
import fc from "fast-check";
import type { RecordState, RecordWrite } from "../../platform/ports/membership.js";

export type Kind = RecordWrite["kind"];

export const nodes = ["a", "b", "c"] as const;
export const hosts = ["web", "api"] as const;
export type NodeName = (typeof nodes)[number];
export type HostName = (typeof hosts)[number];

/** What conditions pin, and what a node may have wrong. */
const pins = ["incarnation", "version", "owner", "claim", "memory"] as const;
export type Pin = (typeof pins)[number];

/** A new decision of a node. */
export interface Decision {
  readonly act: "write";
  readonly node: NodeName;
  readonly host: HostName;
  /** A number stands for one of those that suit the state that the node believes in. */
  readonly kind: Kind | number;
  /** Of the present, whatever it saw last; `numbers`: incarnation and version. */
  readonly knows: "nothing" | "numbers" | "everything";
  /** What it has wrong; `record`: it never heard of the host. */
  readonly wrong: Pin | "record" | null;
  readonly message: string;
  readonly count: number;
  /** Whether a registration says which node it is of. */
  readonly saysNode: boolean;
}

/** A write that was sent before is sent once more, with the operation it had. */
export interface Repetition {
  readonly act: "again";
  /** Counted back from the last; beyond the first it begins anew. */
  readonly back: number;
}

export type Step =
  | { readonly act: "look"; readonly node: NodeName; readonly host: HostName }
  | { readonly act: "list" }
  /** Sent without waiting for one another. */
  | { readonly act: "send"; readonly writes: readonly (Decision | Repetition)[] };

/** What a node writes that has no other idea than to go on; `null`: it knows of no record. */
export function suiting(state: RecordState | null): readonly Kind[] {
  switch (state) {
    case null:
    case "imaginary":
    case "failed":
      return ["claim"];
    case "allocating":
      return [
        "register",
        "register",
        "register",
        "register",
        "help",
        "takeover",
        "fail",
        "terminate",
      ];
    case "running":
      return ["suspend", "suspend", "suspend", "suspend", "renew", "takeover", "fail", "terminate"];
    case "suspended":
      return ["resume", "resume", "selfResume", "selfResume", "discard", "claim"];
    default:
      return state satisfies never;
  }
}

const states = [null, "imaginary", "allocating", "running", "suspended", "failed"] as const;
const kinds = [...new Set(states.flatMap(suiting))];

const node = fc.constantFrom(...nodes);
const host = fc.constantFrom(...hosts, hosts[0]);

const decision: fc.Arbitrary<Decision> = fc.record({
  act: fc.constant("write" as const),
  node,
  host,
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 59 }) },
    { weight: 1, arbitrary: fc.constantFrom(...kinds) },
  ),
  knows: fc.constantFrom("nothing", "everything", "everything", "everything", "numbers"),
  wrong: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...pins, "record" as const) },
  ),
  message: fc
    .tuple(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom(1, 50))
    .map(([text, times]) => text.repeat(times)),
  count: fc.nat(),
  saysNode: fc.boolean(),
});
const repetition: fc.Arbitrary<Repetition> = fc.record({
  act: fc.constant("again" as const),
  back: fc.nat({ max: 9 }),
});
const write = fc.oneof({ weight: 5, arbitrary: decision }, { weight: 1, arbitrary: repetition });

export const histories: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        act: fc.constant("send" as const),
        writes: fc.oneof(
          { weight: 6, arbitrary: fc.tuple(write) },
          { weight: 1, arbitrary: fc.array(write, { minLength: 2, maxLength: 3 }) },
        ),
      }),
    },
    { weight: 4, arbitrary: fc.record({ act: fc.constant("look" as const), node, host }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("list" as const) }) },
  ),
  { minLength: 1, maxLength: 30, size: "max" },
);
