/** What a herd, and one cycle of a host, cost: in writes, reads and invocations. */
import test from "ava";
import { limitsOf } from "../../simulator/world/scenario.js";
import { runWorld } from "../../simulator/world/world.js";

const { herd } = limitsOf;

test("a hundred supervisors that are asked for one host at once boot it once", async (t) => {
  const { counts, outcomes, violation } = await runWorld({
    ...{ seed: 1, decisions: [] },
    limits: herd,
  });
  t.is(violation, null);
  t.deepEqual([...outcomes], [["answered", 100]]);
  t.is(counts.get("claim applied"), 1);
  t.is(counts.get("invoked to boot"), 1);
  // Each claims at most once; the losers look, and look again until it is there.
  t.true((counts.get("claim refused") ?? 0) <= 99);
  t.true((counts.get("reads") ?? 0) <= 1_500);
});

test("a hundred supervisors boot a host once also where things go wrong", async (t) => {
  const { counts, violation } = await runWorld({ seed: 2, limits: herd });
  t.is(violation, null);
  t.true((counts.get("claim applied") ?? 0) + (counts.get("takeover applied") ?? 0) <= 10);
});

test("a cycle of a host costs three writes, and as many to end it", async (t) => {
  const { counts } = await runWorld({
    ...{ seed: 3, decisions: [] },
    limits: { ...herd, nodes: 1 },
  });
  const { "renew applied": renewals = 0, ...writes } = Object.fromEntries(
    [...counts].filter(([what]) => / (?:applied|refused)$/.test(what)),
  );
  t.deepEqual(writes, {
    ...{ "claim applied": 1, "register applied": 2, "suspend applied": 1 },
    ...{ "resume applied": 1, "terminate applied": 1 },
  });
  // One in three seconds while it serves.
  t.true(renewals <= 5);
});
