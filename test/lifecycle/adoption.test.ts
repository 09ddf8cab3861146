/** Lives that an earlier supervisor of this node left behind. */
import test from "ava";
import { booted, MachineRig, metAgain, settings, started, stop, wake } from "./machine-rig.js";

test("a life that was left running is taken up when its environment resumes", async (t) => {
  const rig = new MachineRig((await booted()).item);
  t.is(rig.state, "running.adopting");
  rig.send(metAgain({ bootId: "somebody-else" }));
  t.is(rig.state, "running.adopting");
  rig.send(metAgain());
  t.is(rig.state, "running.serving");
  t.true(rig.types().includes("gate.opened"));
  t.is(rig.pending.length, 0);
});

test("a life that was registered and not yet told so is taken up as well", async (t) => {
  const rig = new MachineRig((await booted()).item);
  const started = { type: "environment.started", incarnation: 1, claim: "spent" } as const;
  rig.send({ ...started, bootId: "somebody-else" });
  t.is(rig.state, "running.adopting");
  rig.send({ ...started, bootId: "boot-1" });
  t.is(rig.state, "allocating.starting");
  t.true(rig.types().includes("environment.accepted"));
  rig.send({ type: "guest.ready", incarnation: 1 });
  t.is(rig.state, "running.serving");
});

test("a life that was left before it was ready still has to become so in time", async (t) => {
  const { item } = await booted();
  const rig = new MachineRig(item);
  rig.send(metAgain({ ready: false }));
  t.is(rig.state, "allocating.starting");
  t.false(rig.types().includes("connects.admitted"));
  rig.clock.increment(settings.bootTimeoutMs);
  t.is(rig.state, "allocating.ending");
  rig.send({ type: "guest.exited", incarnation: 1, code: null, signal: "SIGKILL" });
  await rig.answer("fail");
  t.like(rig.item, { state: "failed", failure: { code: "IM_BOOT_TIMEOUT" } });
});

test("a life that was left running without its sockets is ended, not taken up", async (t) => {
  const { item } = await booted();
  const rig = new MachineRig(item, item, "listen", "lost");
  t.is(rig.state, "terminating.ending");
  rig.send(metAgain());
  t.is(rig.types().at(-1), "guest.terminated");
});

test("a life whose environment did not survive is released, and the next wake boots", async (t) => {
  const rig = new MachineRig((await booted()).item);
  rig.send({ type: "environment.ended", incarnation: 1 });
  await rig.answer("release");
  await booted(rig);
  t.is(rig.item?.incarnation, 2);
});

test("a boot that was left behind is invoked again with the same claim", async (t) => {
  const left = await new MachineRig().send(wake).answer("claim");
  const rig = new MachineRig(left.item);
  t.is(rig.state, "allocating.invoking");
  await rig.answer("invoke");
  rig.send(started(rig));
  await rig.answer("register");
  t.is(rig.item?.incarnation, 1);
});

test("a boot whose event the cloud still has is not invoked a second time", async (t) => {
  const left = await new MachineRig().send(wake).answer("claim");
  const rig = new MachineRig(left.item, left.item, "listen", "invoked");
  t.is(rig.state, "allocating.booting");
  t.deepEqual(rig.pending, []);
  rig.send(metAgain());
  await rig.answer("register");
  t.is(rig.state, "allocating.starting");
});

test("a boot that is stopped before it was taken up is ended once it resumes", async (t) => {
  const left = await new MachineRig().send(wake).answer("claim");
  const rig = new MachineRig(left.item, left.item, "listen", "invoked").send(stop);
  t.is(rig.state, "allocating.booting");
  rig.send(metAgain());
  await rig.answer("register");
  t.is(rig.state, "terminating.ending");
  t.true(rig.types().includes("guest.terminated"));
});

test("an environment that was accepted, not registered, is taken up with its claim", async (t) => {
  const left = await new MachineRig().send(wake).answer("claim");
  const rig = new MachineRig(left.item);
  rig.send(metAgain());
  await rig.answer("invoke");
  t.is(rig.state, "allocating.registering");
});
