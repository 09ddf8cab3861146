import test from "ava";
import { booted, cause, type MachineRig, settings, wake } from "./machine-rig.js";

const hastened = (rig: MachineRig) => rig.types().filter((type) => type === "environment.hastened");
const pending = (rig: MachineRig) => rig.pending.map(({ what }) => what);
const sleep = { type: "sleep.requested", cause: { ...cause, signal: "idle" } } as const;

async function returning(): Promise<MachineRig> {
  const rig = (await booted()).send(sleep);
  await rig.answer("suspend");
  return rig.send({ type: "environment.returning", incarnation: 1 });
}

test("guests that are woken run on before the store has been asked", async (t) => {
  const rig = (await returning()).send({ type: "environment.frozen", incarnation: 1 });
  t.is(rig.state, "suspended");
  t.deepEqual(hastened(rig), []);
  rig.send(wake).send(wake);
  t.deepEqual(hastened(rig), ["environment.hastened"]);
  t.deepEqual(pending(rig), ["resume"]);
  t.is(rig.item?.state, "suspended");
  await rig.answer("resume");
  t.deepEqual(pending(rig), ["recall"]);
});

test("a host that is to end is not hastened", async (t) => {
  const rig = (await returning()).send({ type: "environment.frozen", incarnation: 1 });
  rig.send({ type: "stop.requested", cause: { ...cause, signal: "stop" } });
  t.deepEqual(hastened(rig), []);
  t.deepEqual(pending(rig), ["resume"]);
});

/** Its time is over, and it is being woken for its end. */
async function expiring(): Promise<MachineRig> {
  const rig = (await returning()).send({ type: "environment.frozen", incarnation: 1 });
  rig.clock.increment(settings.terminateAfterMs);
  return rig;
}

async function resumed(rig: MachineRig): Promise<MachineRig> {
  await rig.answer("resume");
  await rig.answer("recall");
  rig.send({ type: "environment.continued", incarnation: 1 });
  return rig.answer("register");
}

test("a host whose sleep has lasted long enough is woken for its end", async (t) => {
  t.is((await resumed(await expiring())).state, "terminating.ending");
});

const gates = (rig: MachineRig) =>
  rig.effects.flatMap((effect) => (effect.type === "queues.gated" ? [effect.open] : []));

test("a guest that is woken for its end is let nobody in from then on", async (t) => {
  const rig = await expiring();
  t.deepEqual(gates(rig), []);
  await rig.answer("resume");
  t.deepEqual(gates(rig), [false]);
  rig.send(wake);
  t.deepEqual(gates(rig), [false, true]);
});

test("who comes while a host is woken for its end lets it live on", async (t) => {
  const rig = await resumed((await expiring()).send(wake));
  t.is(rig.state, "running.serving");
  t.false(rig.types().includes("guest.terminated"));
});

test("a host that was stopped in its sleep ends, whoever comes", async (t) => {
  const rig = await expiring();
  rig.send({ type: "stop.requested", cause: { ...cause, signal: "stop" } }).send(wake);
  t.is((await resumed(rig)).state, "terminating.ending");
});
