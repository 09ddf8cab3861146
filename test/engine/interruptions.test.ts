/** What a sleep does to a system call that waits: Linux restarts some, and ends others. */
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { freezerKind } from "../../simulator/lambda/choose-freezer.js";
import type { Freezer } from "../../simulator/lambda/freezer.js";
import { SignalFreezer } from "../../simulator/lambda/signal-freezer.js";
import { onlyIf } from "../process/requirements.js";
import { built } from "../process/world.js";
import { cgroups, log, TestTree } from "./frozen-trees.js";

/** As man 7 signal has it for a stop signal; the freezer of cgroups does the same. */
const calls = {
  read: "done",
  poll: "done",
  select: "done",
  nanosleep: "done",
  sem_timedwait: "done",
  epoll_wait: "EINTR",
  // A socket with a time-out of its own (SO_RCVTIMEO).
  recv: "EINTR",
} as const;

/** Resolves when all of it waits, or has ended: the one that sleeps does that by itself. */
async function waiting(tree: TestTree): Promise<void> {
  while (!isOver(tree)) {
    const members = await tree.processes.members();
    const states = members.map(({ pid }) => readFileSync(`/proc/${pid}/stat`, "latin1"));
    if (states.length > 0 && states.every((text) => / S \d/.test(text))) return;
    await delay(1);
  }
}

function isOver({ file }: TestTree): boolean {
  return readFileSync(file, "latin1").split("\n").length >= 3;
}

const kinds: readonly (readonly [string, boolean, (t: ExecutionContext) => Freezer])[] = [
  ["cgroup", freezerKind().kind === "cgroup", cgroups],
  ["signals", true, () => new SignalFreezer(systemClock, log, null)],
];

for (const [kind, isHere, open] of kinds) {
  const declare = onlyIf(isHere, "a cgroup v2 that cgroups can be made in");

  declare(
    `${kind}: after a thaw a guest waits on, but for what Linux never restarts`,
    async (t) => {
      const freezer = open(t);
      for (const [call, expected] of Object.entries(calls)) {
        const tree = new TestTree(t, freezer);
        const bytes = `"$FILE.bytes"`;
        await tree.start(`mkfifo ${bytes}; exec ${built("waits")} ${call} <>${bytes} >>"$FILE"`);
        await waiting(tree);
        t.true(await tree.freezable.freeze());
        const fifo = openSync(`${tree.file}.bytes`, constants.O_RDWR | constants.O_NONBLOCK);
        tree.freezable.thaw();
        if (expected === "done") await waiting(tree);
        if (expected === "done") writeSync(fifo, "1");
        while (!isOver(tree)) await delay(1);
        closeSync(fifo);
        t.is(readFileSync(tree.file, "latin1"), `ready\n${expected}\n`, call);
      }
    },
  );
}
