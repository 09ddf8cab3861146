/** A check that catches nothing is a defect: each way to be wrong is caught by some seed. */
import test from "ava";
import { runWorld } from "../../simulator/world/world.js";
import { mutations } from "./mutations.js";

/** Which seed is the first to catch one changes with the platform; that there is one does not. */
const seedsMax = 2000;

/** What each of them breaks, and nothing else; of two invariants, both are shown. */
const broken: Readonly<Record<string, readonly string[]>> = {
  "an end forgets the incarnation": ["M2"],
  "nothing guards a host that falls asleep": ["M4"],
  "nobody sees what a connection does": ["M5"],
  "a lease is counted from the receipt, and a while longer": ["M1"],
  "the gate stays open in a sleep": ["M1"],
  "memory is kept by a takeover": ["memory"],
  "a registration pins neither incarnation nor claim": ["memory"],
  "memory is not guarded": ["M1", "memory"],
  "a takeover does not pin the version": ["M1", "M2"],
  "a taker waits half as long": ["M1"],
  "a claim pins neither incarnation nor version": ["M2"],
  "a lost answer is resolved by a read": ["M2"],
};

test("of every mutation it is known what it breaks", (t) => {
  t.deepEqual(Object.keys(broken).sort(), Object.keys(mutations).sort());
});

for (const [name, invariants] of Object.entries(broken)) {
  test.serial(`${name}: seeds show that it violates ${invariants.join(" and ")}`, async (t) => {
    t.timeout(600_000);
    const { [name]: mutation } = mutations;
    if (mutation === undefined) return t.fail("no such mutation");
    const unseen = new Set(invariants);
    for (let seed = 1; seed <= seedsMax && unseen.size > 0; seed += 1) {
      const { violation } = await runWorld({ seed, mutation });
      if (violation === null) continue;
      t.true(invariants.includes(violation.invariant), `seed ${seed}: ${violation.what}`);
      t.is((await runWorld({ seed })).violation, null, `seed ${seed}, nothing broken`);
      if (unseen.delete(violation.invariant)) t.log(`seed ${seed}: ${violation.invariant}`);
    }
    t.deepEqual([...unseen], [], `none of ${seedsMax} seeds`);
  });
}
