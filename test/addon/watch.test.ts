import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import test from "ava";
import { loadAddon, shimFiles } from "../../shim/index.js";
import { throwsErrno } from "./expect-errno.js";

const addon = loadAddon();
const one = Buffer.from("1");

function once(descriptor: number): Promise<void> {
  return new Promise((resolve) => addon.watch(descriptor, resolve));
}

function pairFor(t: { teardown(undo: () => void): void }): [number, number] {
  const pair = addon.socketPair();
  t.teardown(() => {
    for (const descriptor of pair) addon.close(descriptor);
  });
  return pair;
}

/** Resolves when everything that was ready before has been delivered. */
async function settle(): Promise<void> {
  const [near, far] = addon.socketPair();
  addon.sendPacket(far, one);
  await once(near);
  addon.close(near);
  addon.close(far);
}

test.serial("a watch calls back once, and again only after rearm", async (t) => {
  const [near, far] = pairFor(t);
  let calls = 0;
  let called = () => {};
  addon.watch(near, () => {
    calls++;
    called();
  });
  const first = new Promise<void>((resolve) => {
    called = resolve;
  });
  addon.sendPacket(far, one);
  await first;
  await settle();
  t.is(calls, 1);
  const second = new Promise<void>((resolve) => {
    called = resolve;
  });
  addon.rearm(near);
  await second;
  t.is(calls, 2);
});

test.serial("a hang-up calls back", async (t) => {
  const [near, far] = addon.socketPair();
  t.teardown(() => addon.close(near));
  const hungUp = once(near);
  addon.close(far);
  await hungUp;
  t.is(addon.receivePacket(near), "end");
});

test.serial("rearm of a watch that is armed adds no second call", async (t) => {
  const [near, far] = pairFor(t);
  let calls = 0;
  addon.watch(near, () => calls++);
  addon.sendPacket(far, one);
  for (let i = 0; i < 10; i++) addon.rearm(near);
  await settle();
  await settle();
  t.is(calls, 1);
});

test.serial(
  "an event of a watch that was removed never reaches the next one on its number",
  async (t) => {
    for (let round = 0; round < 50; round++) {
      const [near, far] = addon.socketPair();
      addon.watch(near, () => t.fail("the old watch was called"));
      addon.sendPacket(far, one);
      // Time for the event to arrive, while this loop is busy.
      spinMs(1);
      addon.unwatch(near);
      addon.close(near);
      addon.close(far);
      const [again, other] = addon.socketPair();
      t.is(again, near);
      let calls = 0;
      addon.watch(again, () => calls++);
      await settle();
      t.is(calls, 0);
      addon.close(again);
      addon.close(other);
    }
  },
);

test.serial("a callback that removes another watch of its batch silences it", async (t) => {
  const first = pairFor(t);
  const second = pairFor(t);
  let calls = 0;
  addon.watch(first[0], () => {
    calls++;
    addon.unwatch(second[0]);
  });
  addon.watch(second[0], () => {
    calls++;
    addon.unwatch(first[0]);
  });
  addon.sendPacket(first[1], one);
  addon.sendPacket(second[1], one);
  spinMs(2);
  await settle();
  t.is(calls, 1);
});

test.serial("a number used again by a callback gets nothing of its batch", async (t) => {
  const [near, far] = pairFor(t);
  const [old, other] = addon.socketPair();
  const late: [number, number][] = [];
  addon.watch(near, () => {
    addon.close(old);
    const fresh = addon.socketPair();
    late.push(fresh);
    t.true(fresh.includes(old));
    addon.watch(old, () => t.fail("nothing was sent to this one"));
  });
  addon.watch(old, () => t.fail("what came first is called first"));
  addon.sendPacket(far, one);
  addon.sendPacket(other, one);
  await settle();
  t.is(late.length, 1);
  for (const descriptor of [...late.flat(), other]) addon.close(descriptor);
});

test.serial("close ends the watch although others hold the same open file", async (t) => {
  const [near, far] = addon.socketPair();
  const held = addon.duplicate(near);
  t.teardown(() => {
    addon.close(held);
    addon.close(far);
  });
  addon.watch(near, () => t.fail("a closed descriptor was reported"));
  addon.close(near);
  addon.sendPacket(far, one);
  await settle();
  t.pass();
});

test.serial("a thousand watches that fire together are all called", async (t) => {
  const pairs = Array.from({ length: 1000 }, () => addon.socketPair());
  const calls = pairs.map(([near]) => once(near));
  for (const [, far] of pairs) addon.sendPacket(far, one);
  await Promise.all(calls);
  for (const descriptor of pairs.flat()) addon.close(descriptor);
  t.pass();
});

test.serial("Node's loop keeps ticking while watches wait", async (t) => {
  const [near] = pairFor(t);
  addon.watch(near, () => t.fail("nothing was sent"));
  for (let tick = 0; tick < 1000; tick++) await new Promise(setImmediate);
  addon.unwatch(near);
  t.pass();
});

test.serial("watch refuses what cannot be watched, by errno", (t) => {
  const [near] = pairFor(t);
  addon.watch(near, () => {});
  throwsErrno(t, () => addon.watch(near, () => {}), "EEXIST");
  addon.unwatch(near);
  addon.unwatch(near);
  throwsErrno(t, () => addon.rearm(near), "ENOENT");
  throwsErrno(t, () => addon.watch(99999, () => {}), "EBADF");
  throwsErrno(t, () => addon.watch(-1, () => {}), "ERR_INVALID_ARG_TYPE");
  throwsErrno(t, () => addon.watch(0.5, () => {}), "ERR_INVALID_ARG_TYPE");
});

function runFixture(scenario: string): { status: number | null; stdout: string; stderr: string } {
  const fixture = fileURLToPath(
    new URL("../../../test/fixtures/addon/watches.cjs", import.meta.url),
  );
  return spawnSync(process.execPath, [fixture, shimFiles.addon, scenario], {
    encoding: "utf8",
    timeout: 20_000,
  });
}

test.serial("a process without watches exits by itself", (t) => {
  const { status, stdout } = runFixture("unwatched");
  t.is(status, 0);
  t.is(stdout, "exit\n");
});

test.serial("a process with a watch lives until it is removed", (t) => {
  const { status, stdout } = runFixture("watched");
  t.is(status, 0);
  t.is(stdout, "called\nexit\n");
});

test.serial("process.exit with pending watches exits at once", (t) => {
  t.is(runFixture("exit").status, 7);
});

test.serial("an exception in a callback is an uncaught exception, and the batch goes on", (t) => {
  const { status, stdout } = runFixture("throws");
  t.is(status, 0);
  t.is(stdout, "uncaught first\nuncaught second\nexit\n");
});

test.serial("a worker that is terminated leaves no thread and no descriptor", async (t) => {
  const threads = () =>
    readdirSync("/proc/self/task").filter((task) => {
      try {
        return readFileSync(`/proc/self/task/${task}/comm`, "utf8").length > 0;
      } catch {
        return false; // ended between the two calls
      }
    }).length;
  const source = `
    const { workerData, parentPort } = require("node:worker_threads");
    const addon = require(workerData);
    const [near, far] = addon.socketPair();
    const next = () => { addon.receivePacket(near); addon.sendPacket(far, Buffer.from("1"));
      addon.rearm(near); };
    addon.watch(near, next);
    addon.sendPacket(far, Buffer.from("1"));
    parentPort.postMessage([near, far]);
  `;
  const start = async () => {
    const worker = new Worker(source, { eval: true, workerData: shimFiles.addon });
    const pair: number[] = await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    for (const descriptor of pair) addon.close(descriptor);
  };
  const descriptors = () => readdirSync("/proc/self/fd").length;
  await start();
  const before = { threads: threads(), descriptors: descriptors() };
  for (let i = 0; i < 10; i++) await start();
  t.true(threads() <= before.threads);
  t.true(descriptors() <= before.descriptors);
});

function spinMs(duration: number): void {
  const end = performance.now() + duration;
  while (performance.now() < end);
}
