/** Whatever comes at any step of a sleep and a wake, and whatever the store does: none is lost. */
import test from "ava";
import { type Fault, SleepingWorld } from "./sleeping-world.js";

/** More than there are from the request to sleep until the host that was woken is registered. */
const stepsMax = 7;
/** suspend, resume, register; each of them repeated. */
const writes = [0, 1, 2] as const;

const faults: readonly (readonly (Fault | null)[])[] = [
  [],
  ...writes.flatMap((write) => {
    const before = Array.from({ length: write }, () => null);
    return [
      [...before, "refused"],
      [...before, "lost"],
      [...before, "refused", "lost"],
    ] as const;
  }),
];

/** Falls asleep, is woken by data once it sleeps, and meets `act` after so many steps. */
async function meet(steps: number, faulty: readonly (Fault | null)[], act: Act) {
  const world = await SleepingWorld.open();
  world.store.faults = [...faulty];
  world.rig.supervisor.suspend("web").catch(() => undefined);
  for (let step = 0; step < steps; step += 1) {
    if (!(await world.step())) world.data();
  }
  const answers = act(world);
  await world.rest();
  return { world, answers };
}

type Act = (world: SleepingWorld) => readonly { readonly reply: { readonly error: number } }[];

function everywhere(title: string, act: Act, check: Check): void {
  test(title, async (t) => {
    for (const faulty of faults) {
      for (let steps = 0; steps <= stepsMax; steps += 1) {
        const { world, answers } = await meet(steps, faulty, act);
        const where = `after ${steps} steps, store ${faulty.map((one) => one ?? "ok").join(", ")}`;
        const record = await world.record();
        await check({ world, answers, record, same: (a, b) => t.deepEqual(a, b, where) });
      }
    }
  });
}

type Check = (seen: {
  readonly world: SleepingWorld;
  readonly answers: ReturnType<Act>;
  readonly record: Awaited<ReturnType<SleepingWorld["record"]>>;
  readonly same: (actual: unknown, expected: unknown) => void;
}) => void | Promise<void>;

const serves: Check = ({ world, record, same }) => {
  const { rig, environment, lives } = world;
  same([rig.state(), record?.state, environment], ["running", "running", "invoked"]);
  same([lives, record?.incarnation, rig.guards.size], [1, 1, 0]);
};

everywhere(
  "a connect at any step of a sleep or a wake is answered, and the host serves",
  (world) => world.connect(),
  (seen) => {
    seen.same(
      seen.answers.map(({ reply }) => reply.error),
      [0],
    );
    serves(seen);
  },
);

everywhere(
  "a host that is woken by hand at any step serves",
  (world) => {
    world.rig.supervisor.wake("web").catch(() => undefined);
    return [];
  },
  serves,
);

everywhere(
  "data at any step leaves the host serving, or asleep with the guard standing",
  (world) => {
    world.data();
    return [];
  },
  async (seen) => {
    const { world, same } = seen;
    if (world.rig.state() === "suspended") {
      same([world.environment, world.rig.guards.size], ["frozen", 1]);
      world.data();
      await world.rest();
    }
    serves({ ...seen, record: await world.record() });
  },
);

everywhere(
  "a host that is stopped at any step ends, and the next connect boots it",
  (world) => {
    world.rig.supervisor.stop("web").catch(() => undefined);
    return [];
  },
  async ({ world, same }) => {
    same([world.environment, world.rig.guards.size], ["ended", 0]);
    // Nobody could write that it has ended: whoever comes next finds that out, and is told.
    for (let tries = 0; world.rig.state() === "failed" && tries < writes.length; tries += 1) {
      if ((await world.record())?.state === "failed") break;
      same(world.connect().length <= 1, true);
      await world.rest();
    }
    const answers = world.connect();
    await world.rest();
    same([answers.map(({ reply }) => reply.error), world.rig.state()], [[0], "running"]);
    same(world.lives, 2);
  },
);

everywhere(
  "a connect just before a stop is answered, at any step",
  (world) => {
    const answers = world.connect();
    world.rig.supervisor.stop("web").catch(() => undefined);
    return answers;
  },
  ({ world, answers, same }) => {
    same(answers.length, 1);
    same(["imaginary", "failed", "running"].includes(world.rig.state() ?? ""), true);
  },
);
