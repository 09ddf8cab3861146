import test from "ava";
import { historiesAgree } from "./histories.js";
import { openWorld } from "./world.js";

test("any history of writes has the same outcomes in memory and on a faulty table", async (t) => {
  const world = await openWorld();
  t.teardown(world.close);
  await historiesAgree(t, { socketPath: world.socketPath }, 25);
});
