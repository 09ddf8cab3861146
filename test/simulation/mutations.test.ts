/** A check that catches nothing is a defect: each way to be wrong is caught by some seed. */
import test from "ava";
import { runWorld } from "../../simulator/world/world.js";
import { mutations } from "./mutations.js";

/** The first seed that catches it, and what it breaks. */
const caughtBy: Readonly<Record<string, readonly [number, string]>> = {
  "an end forgets the incarnation": [1, "M2"],
  "nothing guards a host that falls asleep": [1, "M4"],
  "nobody sees what a connection does": [1, "M5"],
  "a lease is counted from the receipt, and a while longer": [2, "M1"],
  "the gate stays open in a sleep": [2, "M1"],
  "memory is kept by a takeover": [2, "memory"],
  "memory is not guarded": [4, "M1"],
  "a takeover does not pin the version": [9, "M2"],
  "a taker waits half as long": [12, "M1"],
  "a claim pins neither incarnation nor version": [19, "M2"],
  "a lost answer is resolved by a read": [27, "M2"],
};

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
