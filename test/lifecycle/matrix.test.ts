/** Every state against every event: what it leads to, refusals included. */
import test from "ava";
import type { HostEvent } from "../../platform/lifecycle/events.js";
import { hostMachine } from "../../platform/lifecycle/machine.js";
import { cause, MachineRig, stop, wake } from "./machine-rig.js";
import { idle, invocations, leases, lives } from "./reached-states.js";

const regions = { life: lives, invocation: invocations, lease: leases };

/** One of each. */
function events(rig: MachineRig): readonly HostEvent[] {
  const incarnation = rig.record?.incarnation ?? 0;
  const claim = rig.record?.claim ?? "none";
  const bootId = "boot-1";
  return [
    wake,
    stop,
    idle,
    { type: "cause.found", cause },
    { type: "environment.started", incarnation, claim, bootId },
    { type: "environment.resumed", incarnation, bootId, invoked: true, ready: true },
    { type: "environment.returning", incarnation },
    { type: "environment.continued", incarnation },
    { type: "environment.frozen", incarnation },
    { type: "environment.misdirected", incarnation },
    { type: "guest.started", incarnation },
    { type: "guest.ready", incarnation },
    { type: "guest.failed", incarnation, failure: { code: "IM_GUEST_COMMAND", message: "no" } },
    { type: "guest.exited", incarnation, code: 1, signal: null },
    { type: "lease.due", incarnation },
    { type: "lease.expired", incarnation },
    { type: "route.lost", incarnation },
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

for (const [state, arrive] of Object.entries(lives)) {
  test(`${state} answers or refuses every event`, async (t) => {
    t.is((await arrive()).state, state);
    t.snapshot(await row(arrive, (rig) => rig.state));
  });
}

for (const [state, arrive] of Object.entries(invocations)) {
  test(`an invocation that is ${state} answers or refuses every event`, async (t) => {
    t.is((await arrive()).invocation, state);
    t.snapshot(await row(arrive, (rig) => rig.invocation));
  });
}

for (const [state, arrive] of Object.entries(leases)) {
  test(`a lease that is ${state} answers or refuses every event`, async (t) => {
    t.is((await arrive()).lease, state);
    t.snapshot(await row(arrive, (rig) => rig.lease));
  });
}

/** By name; one that is left at once, whatever holds, is no state. */
function leaves(node: typeof hostMachine.root): readonly string[] {
  const children = Object.values(node.states);
  if (children.length > 0) return children.flatMap(leaves);
  const isPassed = node.always?.some(({ guard }) => guard === undefined) === true;
  return isPassed ? [] : [node.path.join(".")];
}

test("every state of the machine is reached, and every event that it names is sent", (t) => {
  const reached = Object.entries(regions).flatMap(([region, states]) =>
    Object.keys(states).map((state) => `${region}.${state}`),
  );
  t.deepEqual(reached.sort(), [...leaves(hostMachine.root)].sort());
  const named = hostMachine.events.filter((type) => !/^(xstate\.|\*$|$)/.test(type));
  const sent = events(new MachineRig()).map(({ type }) => type);
  t.deepEqual(sent.sort(), [...named].sort());
});

test("a fact about another life changes nothing in any state", async (t) => {
  for (const arrive of Object.values(regions).flatMap((region) => Object.values(region))) {
    const rig = await arrive();
    const { state } = rig;
    for (const event of events(rig)) {
      if (!("incarnation" in event)) continue;
      const before = rig.actor.getSnapshot().context;
      rig.send({ ...event, incarnation: event.incarnation + 41 });
      t.is(rig.state, state, event.type);
      t.deepEqual(rig.actor.getSnapshot().context, before, `${event.type} in ${state}`);
    }
  }
});
