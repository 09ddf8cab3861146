/** What went wrong while a host slept, or was woken, is told until it serves again. */
import test from "ava";
import { booted, cause, type MachineRig, wake } from "./machine-rig.js";

const incarnation = 1;
const idle = { ...cause, signal: "idle", by: "web", port: null } as const;
const continued = { type: "environment.continued", incarnation } as const;

async function asleep(): Promise<MachineRig> {
  const rig = (await booted()).send({ type: "sleep.requested", cause: idle });
  await rig.answer("suspend");
  return rig
    .send({ type: "environment.returning", incarnation })
    .send({ type: "environment.frozen", incarnation });
}

const killed = { type: "guest.exited", incarnation, code: null, signal: "SIGKILL" } as const;
const failureOf = (rig: MachineRig) => rig.actor.getSnapshot().context.failure;

test("a guest that was killed in its sleep is told as that, whenever it is heard of", async (t) => {
  const inWriting = (await asleep()).send(wake).send(killed);
  await inWriting.answer("resume");
  const inRecalling = await (await asleep()).send(wake).answer("resume");
  inRecalling.send(killed);
  const inRegistering = await (await asleep()).send(wake).answer("resume");
  inRegistering.clock.increment(2);
  await inRegistering.answer("recall");
  inRegistering.send(continued).send(killed);
  await inRegistering.answer("register");
  for (const rig of [inWriting, inRecalling, inRegistering]) {
    t.is(rig.state, "terminating.releasing");
    t.is(failureOf(rig)?.code, "IM_GUEST_EXITED");
    t.regex(failureOf(rig)?.message ?? "", /ended by SIGKILL$/);
  }
});

test("what the store refused meanwhile is forgotten by a host that serves again", async (t) => {
  const rig = (await asleep()).send(wake);
  await rig.refuse("resume");
  t.truthy(failureOf(rig));
  rig.clock.increment(60_000);
  await rig.answer("resume");
  rig.clock.increment(2);
  await rig.answer("recall");
  rig.send(continued);
  await rig.answer("register");
  t.is(rig.state, "running.serving");
  t.is(failureOf(rig), null);
});
