/** Histories of the simulated world: those that once failed, then new ones. */
import { readFileSync } from "node:fs";
import test from "ava";
import { shrunk } from "../../simulator/world/campaign.js";
import { limitsOf, type Pattern, patterns } from "../../simulator/world/scenario.js";
import { runWorld, type WorldResult } from "../../simulator/world/world.js";

const kept: Partial<Record<Pattern, Record<string, string>>> = JSON.parse(
  readFileSync(new URL("../../../test/simulation/seeds.json", import.meta.url), "utf8"),
);
/** More are run by `npm run simulate`. */
const seedsCount = 500;
const seedsATest = 25;
/** Enough for each kind of fault and command; a world of these takes three times as long. */
const roughCount = 25;

for (const pattern of patterns) {
  for (const [seed, why] of Object.entries(kept[pattern] ?? {})) {
    test.serial(`${pattern} seed ${seed} violates nothing any more (${why})`, async (t) => {
      const { violation } = await runWorld({ seed: Number(seed), limits: limitsOf[pattern] });
      t.is(violation, null);
    });
  }
}

for (let from = 1; from <= seedsCount; from += seedsATest) {
  const to = from + seedsATest - 1;
  test.serial(`worlds ${from} to ${to} violate nothing, whatever goes wrong in them`, async (t) => {
    t.timeout(600_000);
    for (let seed = from; seed <= to; seed += 1) {
      const result = await runWorld({ seed });
      if (result.violation !== null) return t.fail(await told(result));
      t.true(result.connects >= 200, `seed ${seed} has ${result.connects} connects`);
      t.true(result.simulatedMs >= 600_000);
    }
    t.pass();
  });
}

test.serial(`rough worlds 1 to ${roughCount} violate nothing, and have all of it`, async (t) => {
  t.timeout(600_000);
  const kinds = new Set<string>();
  for (let seed = 1; seed <= roughCount; seed += 1) {
    const result = await runWorld({ seed, limits: limitsOf.rough });
    if (result.violation !== null) return t.fail(await told(result, limitsOf.rough));
    for (const { kind } of result.decisions) kinds.add(kind);
  }
  for (const kind of ["guest cannot be started", "machine suspended", "guard refused"]) {
    t.true(kinds.has(kind), kind);
  }
});

test.serial("a world in which nothing goes wrong answers every connect", async (t) => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const { outcomes, violation } = await runWorld({ seed, decisions: [] });
    t.is(violation, null);
    t.deepEqual([...outcomes.keys()], ["answered"]);
  }
});

/** The shortest history that fails like it. */
async function told(failure: WorldResult, limits = limitsOf.mixed): Promise<string> {
  const { decisions, trace } = await shrunk(failure, { seed: failure.seed, limits });
  const faults = decisions.map(({ at, kind }) => `${at}: ${kind}`);
  return [`seed ${failure.seed}`, ...trace.slice(-80), ...faults].join("\n");
}
