import test from "ava";
import { holdAgainstEngine } from "./cloud-differential.js";
import { EngineWorld } from "./engine-driver.js";

const isLong = process.env["IM_TEST_LONG"] === "1";

const few = { numRuns: 15 };
const many = { numRuns: 200, interruptAfterTimeLimit: 550_000 };

test("any calls go the same way in the simulated cloud and in the engine", async (t) => {
  if (isLong) t.timeout(600_000);
  const world = await EngineWorld.open(t);
  await t.notThrowsAsync(holdAgainstEngine(world, isLong ? many : few));
});
