import test from "ava";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { openWorld } from "../membership/world.js";
import { erringTwins } from "./erring-twins.js";
import { holdAgainstTwin } from "./store-differential.js";

const isLong = process.env["IM_TEST_LONG"] === "1";

test("any history of several nodes goes the same way in memory and on dynalite", async (t) => {
  if (isLong) t.timeout(600_000);
  const world = await openWorld();
  t.teardown(world.close);
  await t.notThrowsAsync(holdAgainstTwin(world.membership, { numRuns: isLong ? 1000 : 30 }));
});

for (const [defect, openTwin] of Object.entries(erringTwins)) {
  test(`a twin that ${defect} is told from the store`, async (t) => {
    const store = new MemoryMembership();
    await t.throwsAsync(holdAgainstTwin(store, { numRuns: 500, seed: 1 }, openTwin), {
      message: /twin: /,
    });
  });
}
