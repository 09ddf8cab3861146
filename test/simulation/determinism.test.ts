import test from "ava";
import { runWorld } from "../../simulator/world/world.js";

test("a seed has one history: its trace is the same each time", async (t) => {
  const first = await runWorld({ seed: 7 });
  const second = await runWorld({ seed: 7 });
  t.is(second.hash, first.hash);
  t.deepEqual(second.decisions, first.decisions);
});

test("the decisions of a history repeat it without the seed's own draws", async (t) => {
  const drawn = await runWorld({ seed: 8 });
  const repeated = await runWorld({ seed: 8, decisions: drawn.decisions });
  t.true(drawn.decisions.length > 0);
  t.is(repeated.hash, drawn.hash);
});

test("another seed has another history", async (t) => {
  const [one, other] = [await runWorld({ seed: 9 }), await runWorld({ seed: 10 })];
  t.not(one.hash, other.hash);
});
