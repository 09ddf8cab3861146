/** A check that catches nothing is a defect: each way to be wrong is caught by a seed below 2,000. */
import test from "ava";
import { runWorld } from "../../simulator/world/world.js";
import { mutations } from "./mutations.js";

/** The first seed that catches it, and what it breaks. */
const caughtBy: Readonly<Record<string, readonly [number, string]>> = {};

test("every mutation has a seed that catches it", (t) => {
  t.deepEqual(Object.keys(caughtBy).sort(), Object.keys(mutations).sort());
});

for (const [name, [seed, invariant]] of Object.entries(caughtBy)) {
  test.serial(`${name}: seed ${seed} shows that ${invariant} is violated`, async (t) => {
    const { [name]: mutation } = mutations;
    if (mutation === undefined) return t.fail("no such mutation");
    const { violation } = await runWorld({ seed, mutation });
    t.is(violation?.invariant, invariant);
  });
}

test.serial("the same seeds violate nothing where nothing is broken", async (t) => {
  for (const seed of new Set(Object.values(caughtBy).map(([one]) => one))) {
    const { violation } = await runWorld({ seed });
    t.is(violation, null, `seed ${seed}`);
  }
});
