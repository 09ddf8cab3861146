import test from "ava";
import { backOffMs } from "../../platform/lifecycle/decide.js";
import { booted, MachineRig, settings, started, stop, wake } from "./machine-rig.js";

const exited = (incarnation: number, code: number | null = 0) =>
  ({ type: "guest.exited", incarnation, code, signal: null }) as const;

test("a wake claims, invokes, registers, opens the gate, admits connects", async (t) => {
  const rig = await booted();
  t.is(rig.state, "running.serving");
  t.deepEqual(rig.types(), [
    "placeholders.watched",
    "environment.accepted",
    "gate.opened",
    "connects.admitted",
    "host.awake",
  ]);
  t.is(rig.item?.state, "running");
  t.is(rig.item?.incarnation, 1);
  t.is(rig.item?.owner, "boot-1");
});

test("the gate stays shut until the incarnation is registered", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig)).send({ type: "guest.ready", incarnation: 1 });
  t.false(rig.types().includes("gate.opened"));
  await rig.answer("register");
  t.is(rig.state, "running.serving");
});

test("any number of wakes while a host boots are one claim and one invocation", async (t) => {
  const rig = new MachineRig();
  for (let n = 0; n < 1000; n += 1) rig.send(wake);
  t.deepEqual(
    rig.pending.map(({ what }) => what),
    ["claim"],
  );
  await rig.answer("claim");
  for (let n = 0; n < 1000; n += 1) rig.send(wake);
  t.deepEqual(
    rig.pending.map(({ what }) => what),
    ["invoke"],
  );
});

test("an environment that is quicker than the answer to its invocation is accepted", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  rig.send(started(rig));
  t.is(rig.state, "allocating.registering");
});

test("an environment of another claim or incarnation is refused and changes nothing", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send({ ...started(rig), claim: "older" }).send({ ...started(rig), incarnation: 7 });
  t.is(rig.state, "allocating.booting");
  t.is(rig.types().filter((type) => type === "event.refused").length, 2);
});

test("a guest that exits before it is ready makes the host failed, with the reason", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig));
  await rig.answer("register");
  rig.send(exited(1, 3));
  await rig.answer("fail");
  t.is(rig.state, "failed.waiting");
  t.like(rig.item, { state: "failed", incarnation: 1, failure: { code: "IM_GUEST_EXITED" } });
  t.regex(rig.item?.failure?.message ?? "", /code 3 before it was ready/);
});

test("a guest that exits while its registration is under way is not left registered", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig)).send(exited(1, 1));
  await rig.answer("register");
  await rig.answer("fail");
  t.is(rig.item?.state, "failed");
});

test("a boot that is not ready in time is ended before its failure is written", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  rig.send(started(rig));
  await rig.answer("register");
  rig.clock.increment(settings.bootTimeoutMs);
  t.is(rig.state, "allocating.ending");
  t.deepEqual(rig.effects.at(-1), { type: "guest.terminated", graceMs: settings.stopGraceMs });
  t.is(rig.pending.length, 0);
  rig.send(exited(1, 0));
  await rig.answer("fail");
  t.is(rig.item?.failure?.code, "IM_BOOT_TIMEOUT");
});

test("an environment that never comes fails the boot at the deadline", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.answer("invoke");
  const late = started(rig);
  rig.clock.increment(settings.bootTimeoutMs);
  await rig.answer("fail");
  t.is(rig.state, "failed.waiting");
  rig.send(late);
  t.is(rig.effects.at(-1)?.type, "event.refused");
});

test("connects during the back-off fail at once, and the first after it boots again", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.refuse("invoke", "no capacity");
  await rig.answer("fail");
  const refusals = () => rig.types().filter((type) => type === "connects.refused").length;
  t.is(refusals(), 1);
  rig.send(wake);
  t.is(refusals(), 2);
  rig.clock.increment(backOffMs(1));
  rig.send(wake);
  t.is(rig.state, "allocating.claiming");
  await rig.answer("claim");
  t.is(rig.item?.incarnation, 2);
});

test("a wake by hand does not wait out the back-off", async (t) => {
  const rig = new MachineRig().send(wake);
  await rig.answer("claim");
  await rig.refuse("invoke");
  await rig.answer("fail");
  rig.send({ ...wake, cause: { ...wake.cause, signal: "wake" } });
  t.is(rig.state, "allocating.claiming");
});

test("the back-off doubles with failures in a row and is bounded", (t) => {
  t.deepEqual([1, 2, 3].map(backOffMs), [500, 1000, 2000]);
  t.is(backOffMs(50), 60_000);
});

test("a stop ends the guest, then writes that the host is imaginary", async (t) => {
  const rig = (await booted()).send(stop);
  t.is(rig.state, "terminating.ending");
  t.is(rig.pending.length, 0);
  rig.send(exited(1));
  await rig.answer("release");
  t.is(rig.state, "imaginary");
  t.like(rig.item, { state: "imaginary", incarnation: 1, owner: null });
});

test("a guest that does not prove its end is killed", async (t) => {
  const rig = (await booted()).send(stop);
  rig.clock.increment(settings.stopGraceMs + 5_000);
  t.true(rig.effects.some((e) => e.type === "guest.terminated" && e.graceMs === 0));
  t.is(rig.state, "terminating.ending");
});

test("a stop while booting is carried out as soon as there is something to end", async (t) => {
  const rig = new MachineRig().send(wake).send(stop);
  await rig.answer("claim");
  await rig.answer("invoke");
  await rig.answer("release");
  t.is(rig.state, "imaginary");
  t.like(rig.item, { state: "imaginary", incarnation: 1, owner: null });
});

test("a command that only has to run may end well before its registration is known", async (t) => {
  for (const when of ["registering", "starting"]) {
    const rig = new MachineRig(null, null, "exec").send(wake);
    await rig.answer("claim");
    await rig.answer("invoke");
    rig.send(started(rig));
    if (when === "starting") await rig.answer("register");
    rig.send(exited(1, 0));
    if (when === "registering") await rig.answer("register");
    await rig.answer("release");
    t.is(rig.state, "imaginary");
  }
});

test("a second life has a higher incarnation, and facts of the first change nothing", async (t) => {
  const rig = (await booted()).send(exited(1));
  await rig.answer("release");
  await booted(rig);
  t.is(rig.item?.incarnation, 2);
  rig.send(exited(1));
  t.is(rig.state, "running.serving");
});

test("a claim whose outcome was lost is written off, and the next wake boots", async (t) => {
  const left = (await booted()).item;
  if (left === null) throw new Error("nothing was written");
  const item = { ...left, state: "allocating", owner: settings.nodeId, claim: "x" } as const;
  const rig = new MachineRig(item, null).send(wake);
  await rig.answer("claim");
  await rig.answer("fail");
  t.is(rig.item?.state, "failed");
  rig.clock.increment(backOffMs(1));
  await booted(rig);
  t.is(rig.item?.incarnation, 2);
});

test("a host that another supervisor holds is not taken from it", async (t) => {
  const item = (await booted()).item;
  const rig = new MachineRig(item, null).send(wake);
  await rig.answer("claim");
  t.is(rig.state, "failed.waiting");
  t.is(rig.item?.owner, "boot-1");
});

test("a crash is retried at once, a second one in a row waits out a back-off", async (t) => {
  const rig = (await booted()).send(exited(1, 1));
  await rig.answer("release");
  t.is(rig.state, "imaginary");
  await booted(rig);
  rig.send(exited(2, 1));
  await rig.answer("fail");
  t.is(rig.state, "failed.waiting");
  t.is(rig.item?.failure?.code, "IM_GUEST_EXITED");
});

test("a life that lasted, and one that ended well, are not crashes in a row", async (t) => {
  const rig = (await booted()).send(exited(1, 1));
  await rig.answer("release");
  await booted(rig);
  rig.clock.increment(60_000);
  rig.send(exited(2, 1));
  await rig.answer("release");
  await booted(rig);
  rig.send(exited(3, 0));
  await rig.answer("release");
  await booted(rig);
  rig.send(exited(4, 1));
  await rig.answer("release");
  t.is(rig.state, "imaginary");
});
