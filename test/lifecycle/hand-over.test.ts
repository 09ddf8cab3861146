/** From one invocation of an environment to the next, whatever its life goes through. */
import test from "ava";
import { booted, MachineRig, metAgain, settings, started, stop, wake } from "./machine-rig.js";

const returning = { type: "environment.returning", incarnation: 1 } as const;
const continued = { type: "environment.continued", incarnation: 1 } as const;
const misdirected = { type: "environment.misdirected", incarnation: 1 } as const;
const exited = { type: "guest.exited", incarnation: 1, code: 0, signal: null } as const;
const settleMs = 2;
const answerMs = 1_000;
const continuationMs = 60_000;

/** Running, and its environment has said that it returns. */
async function returned(): Promise<MachineRig> {
  const rig = (await booted()).send(returning);
  rig.clock.increment(settleMs);
  return rig;
}

const pendingOf = (rig: MachineRig) => rig.pending.map(({ what }) => what);

test("an environment that returns is invoked again, for the life that it has", async (t) => {
  const rig = await returned();
  t.deepEqual(rig.recalled, [{ incarnation: 1, memory: "boot-1" }]);
  await rig.answer("recall");
  rig.send(continued);
  t.is(rig.invocation, "held");
  t.is(rig.actor.getSnapshot().context.handOvers, 1);
});

test("a hand-over writes nothing, changes no state and asks nothing of the node", async (t) => {
  const rig = await booted();
  const before = { item: rig.item, effects: [...rig.effects], state: rig.state };
  rig.send(returning);
  rig.clock.increment(settleMs);
  await rig.answer("recall");
  rig.send(continued);
  t.deepEqual({ item: rig.item, effects: rig.effects, state: rig.state }, before);
  t.deepEqual(rig.pending, []);
});

test("an environment that is quicker than the cloud's answer is not asked again", async (t) => {
  const rig = (await returned()).send(continued);
  await rig.answer("recall");
  rig.clock.increment(continuationMs);
  t.is(rig.recalled.length, 1);
  t.is(rig.invocation, "held");
});

test("an invocation that is refused is repeated with pauses that grow to a bound", async (t) => {
  const rig = await returned();
  const pausesMs: number[] = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    await rig.refuse("recall", "429");
    let pauseMs = 0;
    for (; rig.pending.length === 0; pauseMs += 10) rig.clock.increment(10);
    pausesMs.push(pauseMs);
  }
  t.deepEqual(pausesMs, [10, 40, 160, 640, 2000, 2000, 2000]);
  await rig.answer("recall");
  rig.send(continued).send(returning);
  rig.clock.increment(settleMs);
  await rig.refuse("recall");
  rig.clock.increment(10);
  t.deepEqual(pendingOf(rig), ["recall"]);
});

test("an event that reaches another environment is repeated", async (t) => {
  const rig = (await returned()).send(misdirected);
  t.is(rig.invocation, "handingOver.pausing");
  await rig.answer("recall");
  rig.clock.increment(10);
  await rig.answer("recall");
  rig.send(misdirected);
  rig.clock.increment(40);
  t.is(rig.recalled.length, 3);
});

test("an event that gets lost, and a cloud that never answers, are not waited for", async (t) => {
  const rig = await returned();
  await rig.answer("recall");
  rig.clock.increment(answerMs);
  t.is(rig.recalled.length, 2);
  rig.clock.increment(5_000);
  t.is(rig.invocation, "handingOver.pausing");
});

test("a guest that exits between two invocations ends the life and the hand-over", async (t) => {
  const rig = (await returned()).send(exited);
  t.is(rig.state, "terminating.releasing");
  t.is(rig.invocation, "none");
  await rig.answer("recall");
  await rig.answer("release");
  rig.clock.increment(continuationMs);
  t.deepEqual(rig.pending, []);
  t.is(rig.state, "imaginary");
});

test("a stop between two invocations goes on invoking: a frozen guest cannot end", async (t) => {
  const rig = (await returned()).send(stop);
  t.is(rig.state, "terminating.ending");
  await rig.refuse("recall");
  rig.clock.increment(10);
  await rig.answer("recall");
  rig.send(continued).send(exited);
  await rig.answer("release");
  t.is(rig.state, "imaginary");
});

test("a boot goes on across any number of deadlines", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig)).send(returning);
  await rig.answer("register");
  rig.clock.increment(settleMs);
  await rig.answer("recall");
  rig.send(continued).send(returning);
  rig.clock.increment(settleMs);
  rig.send({ type: "guest.ready", incarnation: 1 });
  t.is(rig.state, "running.serving");
  t.deepEqual(pendingOf(rig), ["recall"]);
});

test("a boot that is not ready in time is ended, also without an invocation", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig));
  await rig.answer("register");
  rig.send(returning);
  rig.clock.increment(settings.bootTimeoutMs);
  t.is(rig.state, "allocating.ending");
  t.true(rig.invocation.startsWith("handingOver."));
  rig.send(exited);
  t.is(rig.invocation, "none");
});

test("a life that nobody comes to continue is told to end, and still invoked", async (t) => {
  const rig = await returned();
  for (let passedMs = settleMs; passedMs < continuationMs; passedMs += 2_000) {
    if (rig.pending.length > 0) await rig.refuse("recall");
    t.is(rig.state, "running.serving");
    rig.clock.increment(2_000);
  }
  t.is(rig.state, "terminating.ending");
  t.true(rig.types().includes("guest.terminated"));
  t.true(rig.invocation.startsWith("handingOver."));
  rig.pending.length = 0;
  rig.send(exited);
  await rig.answer("release");
  t.is(rig.actor.getSnapshot().context.failure?.code, "IM_INVOKE_FAILED");
  rig.send(wake);
  await rig.answer("claim");
  t.is(rig.item?.incarnation, 2);
});

test("a life taken up without an invocation is invoked at once", async (t) => {
  const rig = new MachineRig((await booted()).item);
  t.is(rig.invocation, "sought");
  rig.send(metAgain({ invoked: false }));
  t.is(rig.state, "running.serving");
  rig.clock.increment(settleMs);
  t.deepEqual(rig.recalled, [{ incarnation: 1, memory: "boot-1" }]);
});

test("a life that does not come by itself is invoked: it may be frozen", async (t) => {
  const rig = new MachineRig((await booted()).item);
  rig.clock.increment(1_000);
  rig.clock.increment(settleMs);
  t.deepEqual(rig.recalled, [{ incarnation: 1, memory: "boot-1" }]);
  rig.send(metAgain());
  t.is(rig.state, "running.serving");
  t.is(rig.invocation, "held");
});

test("a life that the engine says has no invocation is not waited for", async (t) => {
  const rig = new MachineRig((await booted()).item).send(returning);
  rig.clock.increment(settleMs);
  t.deepEqual(pendingOf(rig), ["recall"]);
  t.is(rig.state, "running.adopting");
});

test("a life that is stopped before its environment is found ends when it is", async (t) => {
  const rig = new MachineRig((await booted()).item).send(stop);
  t.is(rig.state, "running.adopting");
  rig.send(metAgain());
  t.is(rig.state, "terminating.ending");
  rig.send(exited);
  await rig.answer("release");
  t.is(rig.state, "imaginary");
});
