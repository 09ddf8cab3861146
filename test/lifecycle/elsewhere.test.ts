/** A host that another node has, while an environment of an earlier attempt is still here. */
import test from "ava";
import { cause } from "./machine-rig.js";
import { lives } from "./reached-states.js";

const states = [
  "allocating.elsewhere",
  "allocating.helping",
  "allocating.takingOver",
  "running.elsewhere",
] as const;

for (const state of states) {
  test(`what ends here says nothing of a life elsewhere: ${state}`, async (t) => {
    const rig = await lives[state]?.();
    if (rig === undefined) return t.fail("it is not reached");
    const { incarnation = 0 } = rig.record ?? {};
    const pending = rig.pending.map(({ what }) => what);
    rig.send({ type: "guest.exited", incarnation, code: 1, signal: null });
    rig.send({ type: "environment.ended", incarnation });
    t.is(rig.state, state);
    t.deepEqual(
      rig.pending.map(({ what }) => what),
      pending,
    );
  });
}

test("a stop is not the end of another node's claim that was helped", async (t) => {
  const rig = await lives["allocating.helping"]?.();
  if (rig === undefined) return t.fail("it is not reached");
  await rig.answer("help");
  await rig.answer("invoke");
  t.is(rig.state, "allocating.booting");
  rig.send({ type: "stop.requested", cause: { ...cause, signal: "stop" } });
  t.is(rig.state, "imaginary");
  t.deepEqual(rig.pending, []);
  t.is(rig.item?.state, "allocating");
});
