/** Every state against every event: what it leads to, refusals included. */
import test from "ava";
import type { HostEvent } from "../../platform/lifecycle/events.js";
import { booted, MachineRig, settings, started, stop, wake } from "./machine-rig.js";

const reach: Record<string, () => Promise<MachineRig>> = {
  imaginary: async () => new MachineRig(),
  "allocating.claiming": async () => new MachineRig().send(wake),
  "allocating.invoking": async () => new MachineRig().send(wake).answer("claim"),
  "allocating.booting": async () => {
    const rig = await new MachineRig().send(wake).answer("claim");
    return rig.answer("invoke");
  },
  "allocating.registering": async () => {
    const rig = await new MachineRig().send(wake).answer("claim");
    return rig.send(started(rig));
  },
  "allocating.starting": async () => {
    const rig = await (await new MachineRig().send(wake).answer("claim")).answer("invoke");
    return rig.send(started(rig)).answer("register");
  },
  "allocating.ending": async () => {
    const rig = await (await new MachineRig().send(wake).answer("claim")).answer("invoke");
    await rig.send(started(rig)).answer("register");
    rig.clock.increment(settings.bootTimeoutMs);
    return rig;
  },
  "allocating.writing": async () => {
    const rig = await new MachineRig().send(wake).answer("claim");
    return rig.refuse("invoke");
  },
  "running.serving": () => booted(),
  "running.adopting": async () => new MachineRig((await booted()).item),
  "terminating.writing": async () => {
    const rig = await booted();
    await rig
      .send({ type: "guest.exited", incarnation: 1, code: 1, signal: null })
      .answer("release");
    await booted(rig);
    return rig.send({ type: "guest.exited", incarnation: 2, code: 1, signal: null });
  },
  "terminating.ending": async () => (await booted()).send(stop),
  "terminating.releasing": async () =>
    (await booted()).send({ type: "guest.exited", incarnation: 1, code: 0, signal: null }),
  "failed.waiting": async () => {
    const rig = await new MachineRig().send(wake).answer("claim");
    await rig.refuse("invoke");
    return rig.answer("fail");
  },
  "failed.retryable": async () => {
    const rig = await new MachineRig().send(wake).answer("claim");
    await rig.refuse("invoke");
    await rig.answer("fail");
    rig.clock.increment(500);
    return rig;
  },
};

/** Of the environment's invocation, while the life serves. */
const reachInvocation: Record<string, () => Promise<MachineRig>> = {
  none: async () => new MachineRig(),
  sought: async () => new MachineRig((await booted()).item),
  held: () => booted(),
  "handingOver.settling": returning,
  "handingOver.calling": async () => recalling(await returning()),
  "handingOver.awaited": async () => recalling(await returning()).answer("recall"),
  "handingOver.pausing": async () => recalling(await returning()).refuse("recall"),
};

async function returning(): Promise<MachineRig> {
  return (await booted()).send({ type: "environment.returning", incarnation: 1 });
}

function recalling(rig: MachineRig): MachineRig {
  rig.clock.increment(2);
  return rig;
}

function events(rig: MachineRig): readonly HostEvent[] {
  const incarnation = rig.record?.incarnation ?? 0;
  const claim = rig.record?.claim ?? "none";
  return [
    wake,
    stop,
    { type: "environment.started", incarnation, claim, bootId: "boot-1" },
    { type: "environment.resumed", incarnation, bootId: "boot-1", invoked: true },
    { type: "environment.returning", incarnation },
    { type: "environment.continued", incarnation },
    { type: "environment.misdirected", incarnation },
    { type: "guest.started", incarnation },
    { type: "guest.ready", incarnation },
    { type: "guest.failed", incarnation, failure: { code: "IM_GUEST_COMMAND", message: "no" } },
    { type: "guest.exited", incarnation, code: 1, signal: null },
    { type: "environment.ended", incarnation },
  ];
}

/** What each event leads to, in a word. */
async function row(arrive: () => Promise<MachineRig>, seen: (rig: MachineRig) => string) {
  const rows: Record<string, string> = {};
  for (const { type } of events(await arrive())) {
    const rig = await arrive();
    const event = events(rig).find((candidate) => candidate.type === type);
    if (event === undefined) throw new Error(`no event ${type}`);
    const before = rig.effects.length;
    rig.send(event);
    const effects = rig.types().slice(before);
    const refused = effects.includes("event.refused");
    rows[type] = refused ? "refused" : `${seen(rig)} ${effects.join(" ")}`.trim();
  }
  return rows;
}

for (const [state, arrive] of Object.entries(reach)) {
  test(`${state} answers or refuses every event`, async (t) => {
    t.is((await arrive()).state, state);
    t.snapshot(await row(arrive, (rig) => rig.state));
  });
}

for (const [state, arrive] of Object.entries(reachInvocation)) {
  test(`an invocation that is ${state} answers or refuses every event`, async (t) => {
    t.is((await arrive()).invocation, state);
    t.snapshot(await row(arrive, (rig) => rig.invocation));
  });
}

test("a fact about an earlier life is refused in every state", async (t) => {
  for (const arrive of [...Object.values(reach), ...Object.values(reachInvocation)]) {
    const rig = await arrive();
    const state = rig.state;
    for (const event of events(rig)) {
      if (!("incarnation" in event)) continue;
      const before = rig.actor.getSnapshot().context;
      rig.send({ ...event, incarnation: event.incarnation + 41 });
      t.is(rig.state, state);
      t.deepEqual(rig.actor.getSnapshot().context, before);
    }
  }
});
