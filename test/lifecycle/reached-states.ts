/** The way to each state of the host machine, by the region that it is in. */
import { booted, cause, MachineRig, settings, started, stop, wake } from "./machine-rig.js";

type Reach = Readonly<Record<string, () => Promise<MachineRig>>>;

const incarnation = 1;
export const idle = {
  type: "sleep.requested",
  cause: { ...cause, signal: "idle", by: "web", port: null },
} as const;
const returned = { type: "environment.returning", incarnation } as const;
const continued = { type: "environment.continued", incarnation } as const;

const claimed = () => new MachineRig().send(wake).answer("claim");
const invoked = async () => (await claimed()).answer("invoke");

async function starting(): Promise<MachineRig> {
  const rig = await invoked();
  return rig.send(started(rig)).answer("register");
}

const failed = async () => (await (await claimed()).refuse("invoke")).answer("fail");

const asleep = async () =>
  (await (await booted()).send(idle).answer("suspend"))
    .send(returned)
    .send({ type: "environment.frozen", incarnation });

const resuming = async () => (await asleep()).send(wake).answer("resume");

async function registering(): Promise<MachineRig> {
  return (await (await resuming()).answer("recall")).send(continued);
}

/** Another node has claimed it: its record is read when the claim is refused. */
async function contended(): Promise<MachineRig> {
  const { item } = await claimed();
  if (item === null) throw new Error("there is no item");
  const theirs = { ...item, owner: "node-2", node: "node-2" };
  return new MachineRig(theirs, null, "listen", null, true).send(wake).answer("claim");
}

async function followed(verdict: MachineRig["verdict"]): Promise<MachineRig> {
  const rig = await contended();
  rig.verdict = verdict;
  return rig.answer("follow");
}

const allocating: Reach = {
  claiming: async () => new MachineRig().send(wake),
  elsewhere: contended,
  helping: () => followed("help"),
  takingOver: () => followed("expired"),
  invoking: claimed,
  booting: invoked,
  registering: async () => {
    const rig = await claimed();
    return rig.send(started(rig));
  },
  starting,
  ending: async () => {
    const rig = await starting();
    rig.clock.increment(settings.bootTimeoutMs);
    return rig;
  },
  writing: async () => (await claimed()).refuse("invoke"),
};

const running: Reach = {
  serving: () => booted(),
  adopting: async () => new MachineRig((await booted()).item),
  elsewhere: () => followed("there"),
};

const suspending: Reach = {
  writing: async () => (await booted()).send(idle),
  returning: async () => (await booted()).send(idle).answer("suspend"),
  freezing: async () => (await (await booted()).send(idle).answer("suspend")).send(returned),
};

const resumed: Reach = {
  writing: async () => (await asleep()).send(wake),
  unwritten: async () => (await asleep()).send(wake).refuse("resume"),
  recalling: resuming,
  registering,
  unregistered: async () => (await registering()).refuse("register"),
  selfResuming: async () => (await booted()).send(idle).refuse("suspend"),
  unresumed: async () => (await (await booted()).send(idle).refuse("suspend")).refuse("selfResume"),
};

const terminating: Reach = {
  writing: async () => {
    const rig = await booted();
    await rig.send({ type: "guest.exited", incarnation, code: 1, signal: null }).answer("release");
    await booted(rig);
    return rig.send({ type: "guest.exited", incarnation: 2, code: 1, signal: null });
  },
  ending: async () => (await booted()).send(stop),
  releasing: async () =>
    (await booted()).send({ type: "guest.exited", incarnation, code: 0, signal: null }),
};

const failedStates: Reach = {
  waiting: failed,
  retryable: async () => {
    const rig = await failed();
    rig.clock.increment(500);
    return rig;
  },
};

export const lives: Reach = {
  imaginary: async () => new MachineRig(),
  ...below("allocating", allocating),
  ...below("running", running),
  ...below("suspending", suspending),
  suspended: asleep,
  ...below("resuming", resumed),
  ...below("terminating", terminating),
  ...below("failed", failedStates),
};

const handingOver: Reach = {
  settling: async () => (await booted()).send(returned),
  calling,
  awaited: async () => (await calling()).answer("recall"),
  pausing: async () => (await calling()).refuse("recall"),
};

async function calling(): Promise<MachineRig> {
  const rig = (await booted()).send(returned);
  rig.clock.increment(2);
  return rig;
}

/** Of the environment, while the life serves or sleeps. */
export const invocations: Reach = {
  none: async () => new MachineRig(),
  sought: async () => new MachineRig((await booted()).item),
  held: () => booted(),
  asleep,
  ...below("handingOver", handingOver),
};

export const leases: Reach = {
  standing: () => booted(),
  renewing: async () => (await booted()).send({ type: "lease.due", incarnation }),
};

function below(parent: string, children: Reach): Reach {
  return Object.fromEntries(
    Object.entries(children).map(([child, arrive]) => [`${parent}.${child}`, arrive]),
  );
}
