/** What stood still for more than an hour, while others went on with it, comes back as it was. */
import test from "ava";
import { isGateOpen } from "../../platform/membership/lease.js";
import type { Mutation } from "../../simulator/world/mutation.js";
import { limitsOf } from "../../simulator/world/scenario.js";
import { runWorld, type WorldResult } from "../../simulator/world/world.js";

const seedsCount = 24;
/** Of a mutation, which meets one kind of absence only. */
const seedsMax = 20;

const runZombie = (seed: number, mutation: Mutation = {}) =>
  runWorld({ seed, mutation, limits: limitsOf.zombie });

test.serial("lives that come back after an hour let nobody in", async (t) => {
  t.timeout(600_000);
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= seedsCount; seed += 1) {
    const result = await runZombie(seed);
    t.is(result.violation, null, `seed ${seed}`);
    const kind = absenceIn(result);
    if (result.counts.has("zombies")) seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  for (const kind of ["machine stopped", "machine suspended", "environment frozen"]) {
    t.true((seen.get(kind) ?? 0) >= 5, `${kind}: ${seen.get(kind)}`);
  }
});

/** What no guest looks at, and who it is that comes back for it. */
const blind: Readonly<Record<string, { readonly gate: typeof isGateOpen; readonly by: RegExp }>> = {
  "when its lease is over": {
    gate: (word, incarnation, now) =>
      isGateOpen(word && { ...word, untilMs: Number.POSITIVE_INFINITY }, incarnation, now),
    by: /^(machine stopped|environment frozen)$/,
  },
  "whether its clocks have parted": {
    gate: (word, incarnation, { monotonicMs }) =>
      isGateOpen(word, incarnation, {
        monotonicMs,
        wallMs: monotonicMs + (word?.wallAheadMs ?? 0),
      }),
    by: /^machine suspended$/,
  },
};

for (const [what, { gate, by }] of Object.entries(blind)) {
  test.serial(`a guest that does not look at ${what} serves beside another`, async (t) => {
    t.timeout(600_000);
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const result = await runZombie(seed, { gate });
      if (result.violation === null) continue;
      t.is(result.violation.invariant, "M1");
      t.regex(absenceIn(result), by);
      return;
    }
    t.fail(`none of ${seedsMax} seeds`);
  });
}

function absenceIn({ decisions }: WorldResult): string {
  return decisions.find(({ at }) => at.startsWith("absence#"))?.kind ?? "none";
}
