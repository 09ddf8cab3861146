import test from "ava";
import {
  type Move,
  nextPhase,
  type Phase,
  type PhaseEvent,
  PhaseOf,
  phaseEvents,
  phases,
} from "../../simulator/lambda/environment-phases.js";

/** By phase: ready, away, responded, adopted, run, freeze, frozen, thaw, end, ended. */
const expected: Readonly<Record<Phase, readonly (Move | "-")[]>> = {
  init: ["idle", "-", "-", "busy", "-", "-", "-", "-", "ending", "-"],
  idle: ["-", "busy", "-", "-", "busy", "freezing", "-", "-", "ending", "-"],
  freezing: ["-", "busy", "-", "-", "busy", "-", "frozen", "-", "ending", "-"],
  frozen: ["-", "busy", "-", "-", "busy", "-", "-", "idle", "ending", "-"],
  busy: ["idle", "-", "busy", "-", "-", "-", "-", "-", "ending", "-"],
  ending: ["late", "late", "late", "-", "-", "-", "late", "-", "late", "ended"],
  ended: ["-", "-", "-", "-", "-", "-", "-", "-", "late", "-"],
};

for (const phase of phases) {
  test(`what an environment that is ${phase} does at each event`, (t) => {
    const moves = phaseEvents.map((event) => nextPhase(phase, event));
    t.deepEqual(
      moves.map((move) => (move === "refused" ? "-" : move)),
      [...expected[phase]],
    );
  });
}

test("a refused event is reported and changes nothing, a late one is neither", (t) => {
  const refusals: [Phase, PhaseEvent][] = [];
  const phase = new PhaseOf((...refusal) => refusals.push(refusal));
  t.false(phase.move("run"));
  t.deepEqual(refusals, [["init", "run"]]);
  t.true(phase.move("ready"));
  t.true(phase.move("freeze"));
  t.true(phase.move("end"));
  t.false(phase.move("frozen"));
  t.is(phase.now, "ending");
  t.is(refusals.length, 1);
});
