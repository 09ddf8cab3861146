/** From a host that is idle to one that sleeps, and back; and what may come in between. */
import test, { type ExecutionContext } from "ava";
import { booted, cause, MachineRig, metAgain, settings, stop, wake } from "./machine-rig.js";

const incarnation = 1;
const idle = {
  type: "sleep.requested",
  cause: { ...cause, signal: "idle", by: "web", port: null },
} as const;
const returning = { type: "environment.returning", incarnation } as const;
const frozen = { type: "environment.frozen", incarnation } as const;
const continued = { type: "environment.continued", incarnation } as const;
const ended = { type: "environment.ended", incarnation } as const;
const exited = { type: "guest.exited", incarnation, code: 0, signal: null } as const;

async function returningRig(): Promise<MachineRig> {
  return (await booted()).send(idle).answer("suspend");
}

async function asleep(): Promise<MachineRig> {
  return (await returningRig()).send(returning).send(frozen);
}

/** From a wake to a host that serves again. */
async function resumed(t: ExecutionContext, rig: MachineRig): Promise<void> {
  await rig.answer("resume");
  t.is(rig.item?.state, "allocating");
  rig.clock.increment(2);
  await rig.answer("recall");
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "running.serving");
  t.like(rig.item, { state: "running", incarnation, owner: "boot-1", memory: null });
  t.is(rig.invocation, "held");
}

test("an idle host is written down as suspended before its environment is told", async (t) => {
  const rig = (await booted()).send(idle);
  t.is(rig.state, "suspending.writing");
  t.false(rig.types().includes("environment.suspended"));
  await rig.answer("suspend");
  t.like(rig.item, { state: "suspended", owner: null, memory: "boot-1" });
  t.is(rig.effects.at(-1)?.type, "environment.suspended");
  rig.send(returning);
  t.is(rig.state, "suspending.freezing");
  rig.send(frozen);
  t.is(rig.state, "suspended");
  t.is(rig.invocation, "asleep");
});

test("an environment that sleeps is not invoked, however long that takes", async (t) => {
  const rig = await asleep();
  rig.clock.increment(settings.terminateAfterMs - 1);
  t.is(rig.state, "suspended");
  t.deepEqual(rig.pending, []);
});

test("what happens to a host that sleeps resumes the life that it had", async (t) => {
  const rig = (await asleep()).send(wake);
  t.is(rig.state, "resuming.writing");
  await rig.answer("resume");
  t.is(rig.item?.memory, "boot-1");
  t.deepEqual(rig.recalled, [{ incarnation, memory: "boot-1" }]);
  await rig.answer("recall");
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "running.serving");
  t.is(rig.types().filter((type) => type === "connects.admitted").length, 1);
  t.is(rig.types().filter((type) => type === "host.awake").length, 2);
});

test("a host that is needed while its sleep is written has never slept", async (t) => {
  const rig = (await booted()).send(idle).send(wake);
  await rig.answer("suspend");
  t.is(rig.state, "resuming.selfResuming");
  await rig.answer("selfResume");
  t.is(rig.state, "running.serving");
  t.like(rig.item, { state: "running", owner: "boot-1", memory: null });
  t.false(rig.types().includes("environment.suspended"));
  t.is(rig.invocation, "held");
});

test("a host that is needed when it was told to return is resumed once it has", async (t) => {
  const rig = (await returningRig()).send(wake);
  t.is(rig.state, "suspending.returning");
  t.deepEqual(rig.pending, []);
  rig.send(returning);
  t.is(rig.state, "resuming.writing");
  await rig.answer("resume");
  // It may not have asked for its next event yet.
  rig.clock.increment(2);
  await rig.answer("recall");
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "running.serving");
});

test("a host that is needed before it is frozen is resumed", async (t) => {
  const rig = (await returningRig()).send(returning).send(wake);
  rig.send(frozen);
  await resumed(t, rig);
});

test("an environment that does not return goes on as it was", async (t) => {
  const rig = await returningRig();
  rig.clock.increment(5_000);
  t.is(rig.state, "resuming.selfResuming");
  await rig.answer("selfResume");
  t.is(rig.state, "running.serving");
  // It does so after all: somebody has to invoke it again.
  rig.send(returning);
  rig.clock.increment(2);
  t.is(rig.recalled.length, 1);
});

test("one that is never frozen sleeps all the same", async (t) => {
  const rig = (await returningRig()).send(returning);
  rig.clock.increment(1_000);
  t.is(rig.state, "suspended");
  await resumed(t, rig.send(wake));
});

test("a sleep that cannot be written is not slept", async (t) => {
  const rig = (await booted()).send(idle);
  await rig.refuse("suspend");
  await rig.answer("selfResume");
  t.is(rig.state, "running.serving");
  t.is(rig.effects.at(-1)?.type, "host.awake");
  t.false(rig.types().includes("environment.suspended"));
});

test("a sleep that was written, unknown to anybody, is taken back", async (t) => {
  const rig = (await booted()).send(idle);
  rig.item = { ...(rig.item ?? raise()), state: "suspended", memory: "boot-1", owner: null };
  rig.item = { ...rig.item, version: rig.item.version + 1 };
  await rig.refuse("suspend");
  await rig.answer("selfResume");
  t.is(rig.state, "resuming.selfResuming");
  await rig.answer("selfResume");
  t.is(rig.state, "running.serving");
  t.is(rig.item?.state, "running");
});

test("a wake that cannot be written is tried until it is", async (t) => {
  const rig = (await asleep()).send(wake);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await rig.refuse("resume");
    t.is(rig.state, "resuming.unwritten");
    rig.clock.increment(500);
  }
  await resumed(t, rig);
});

test("a registration that cannot be written is tried until it is", async (t) => {
  const rig = (await asleep()).send(wake);
  await rig.answer("resume");
  await rig.answer("recall");
  rig.send(continued);
  await rig.refuse("register");
  rig.clock.increment(500);
  await rig.answer("register");
  t.is(rig.state, "running.serving");
});

test("an environment that is quicker than the cloud's answer is registered at once", async (t) => {
  const rig = (await asleep()).send(wake);
  await rig.answer("resume");
  rig.send(continued);
  t.is(rig.state, "resuming.registering");
});

test("a life that was lost in its sleep leaves an imaginary host", async (t) => {
  const rig = (await asleep()).send(ended);
  await rig.answer("discard");
  t.is(rig.state, "imaginary");
  t.like(rig.item, { state: "imaginary", memory: null });
  rig.send(wake);
  await rig.answer("claim");
  t.is(rig.item?.incarnation, 2);
});

test("a guest that ends at any point of its suspension is noticed", async (t) => {
  const before = (await booted()).send(idle).send(exited);
  await before.answer("suspend");
  await before.answer("discard");
  t.is(before.state, "imaginary");
  const told = (await returningRig()).send(exited);
  await told.answer("discard");
  t.is(told.state, "imaginary");
  const gone = (await returningRig()).send(returning).send(exited);
  await gone.answer("discard");
  t.is(gone.state, "imaginary");
});

test("a life that ends while it is woken is released", async (t) => {
  const writing = (await asleep()).send(wake).send(ended);
  await writing.answer("resume");
  await writing.answer("release");
  t.is(writing.state, "imaginary");
  const recalled = await (await asleep()).send(wake).answer("resume");
  recalled.send(ended);
  t.is(recalled.state, "terminating.releasing");
});

test("a host that has slept for long enough is woken to be ended", async (t) => {
  const rig = await asleep();
  rig.clock.increment(settings.terminateAfterMs);
  t.is(rig.state, "resuming.writing");
  await rig.answer("resume");
  await rig.answer("recall");
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "terminating.ending");
  t.deepEqual(rig.effects.at(-1), { type: "guest.terminated", graceMs: settings.stopGraceMs });
  rig.send(exited);
  await rig.answer("release");
  t.is(rig.state, "imaginary");
});

test("a host that sleeps is stopped by being woken first", async (t) => {
  const rig = (await asleep()).send(stop);
  await rig.answer("resume");
  await rig.answer("recall");
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "terminating.ending");
});

test("a host that somebody else has by now is ended here", async (t) => {
  const rig = (await asleep()).send(wake);
  const item = rig.item ?? raise();
  rig.item = { ...item, state: "allocating", incarnation: 2, owner: "node-2", memory: null };
  await rig.answer("resume");
  t.is(rig.state, "terminating.ending");
});

test("a life that ended, and is somebody else's by then, is waited for no more", async (t) => {
  const rig = (await asleep()).send(wake).send(ended);
  const item = rig.item ?? raise();
  rig.item = { ...item, state: "allocating", incarnation: 2, owner: "node-2", memory: null };
  await rig.answer("resume");
  t.is(rig.state, "terminating.releasing");
});

test("a late repetition of an event that sets a sleeper going is written down", async (t) => {
  const rig = (await asleep()).send(continued);
  t.is(rig.state, "resuming.selfResuming");
  await rig.answer("selfResume");
  t.is(rig.state, "running.serving");
});

test("a supervisor that is started anew leaves a sleeper asleep", async (t) => {
  const rig = new MachineRig((await asleep()).item);
  t.is(rig.state, "suspended");
  t.is(rig.invocation, "asleep");
  t.deepEqual(rig.pending, []);
  rig.send(wake);
  await rig.answer("resume");
  t.deepEqual(rig.recalled, [{ incarnation, memory: "boot-1" }]);
  await rig.answer("recall");
  // Thawed, it looks for its supervisor, and is invoked.
  rig.send(metAgain({ incarnation, invoked: false }));
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "running.serving");
});

test("one that was being woken when its supervisor died is woken by the next", async (t) => {
  const left = await (await asleep()).send(wake).answer("resume");
  const rig = new MachineRig(left.item);
  t.is(rig.state, "resuming.recalling");
  rig.send(metAgain({ incarnation }));
  await rig.answer("register");
  t.is(rig.state, "running.serving");
  const silent = new MachineRig(left.item);
  silent.clock.increment(1_000);
  silent.clock.increment(2);
  t.deepEqual(silent.recalled, [{ incarnation, memory: "boot-1" }]);
});

test("one that was told to sleep when its supervisor died, and runs, is awake", async (t) => {
  const rig = new MachineRig((await returningRig()).item);
  rig.send(metAgain({ incarnation }));
  t.is(rig.state, "resuming.selfResuming");
  await rig.answer("selfResume");
  t.is(rig.state, "running.serving");
  t.is(rig.invocation, "held");
});

test("a sleeper whose environment is gone after a restart is imaginary", async (t) => {
  const rig = new MachineRig((await asleep()).item).send(ended);
  await rig.answer("discard");
  t.is(rig.state, "imaginary");
});

function raise(): never {
  throw new Error("there is no item");
}
