import test from "ava";
import { rehearseBoot } from "../../platform/supervisor/rehearsal.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";

test("a rehearsal goes as far as an open gate and leaves nothing in the table", async (t) => {
  const membership = new MemoryMembership();
  let ids = 0;
  const random = { id: () => `id-${++ids}`, uniform: () => 0.5 };
  await rehearseBoot({ membership, random });
  t.true(ids > 0);
  t.deepEqual(await membership.list("rehearsal"), []);
});
