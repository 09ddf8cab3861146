import { join } from "node:path";
import test from "ava";
import { processesNaming } from "../process/leaks.js";
import { FakeRuntimeApi } from "./fake-runtime-api.js";
import { warmWorld } from "./world.js";

const stubborn = "trap '' TERM; echo ready; while :; do read -r line < /dev/zero & wait; done";
const waiting = "echo ready; exec tail -f /dev/null";

test.serial("terminate ends a guest that honours SIGTERM, with its own exit code", async (t) => {
  const world = await warmWorld(t);
  const script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done";
  const peer = await world.boot(world.event(script));
  await peer.expect("guest.started");
  await world.logged("1 out ready");
  peer.send({ type: "terminate", graceMs: 10_000 });
  t.like(await peer.expect("guest.exited"), { code: 3, signal: null });
  t.is(world.log().at(-2), "1 out bye");
});

test.serial("terminate kills a guest that ignores SIGTERM when its grace is over", async (t) => {
  const world = await warmWorld(t);
  const peer = await world.boot(world.event(stubborn));
  await peer.expect("guest.started");
  await world.logged("1 out ready");
  const startedMs = performance.now();
  peer.send({ type: "terminate", graceMs: 300 });
  t.like(await peer.expect("guest.exited"), { code: null, signal: "SIGKILL" });
  t.true(performance.now() - startedMs >= 290);
  t.is(world.log().at(-1), "1 im exited signal SIGKILL");
  t.like((await world.api.answers.next()).body, { result: "exited", signal: "SIGKILL" });
});

test.serial("a terminate that follows the acceptance at once is not lost", async (t) => {
  const world = await warmWorld(t);
  const peer = await world.boot(world.event(waiting));
  peer.send({ type: "terminate", graceMs: 5000 });
  await peer.expect("guest.started");
  t.like(await peer.expect("guest.exited"), { signal: "SIGTERM" });
});

test.serial("a guest that left a daemon behind lives until the daemon has ended", async (t) => {
  const world = await warmWorld(t);
  const script = "mkfifo gate; (setsid sh -c 'read x < gate; echo last') & exit 0";
  const peer = await world.boot(world.event(`${script}`));
  await peer.expect("guest.started");
  await world.logged("1 im started /bin/sh");
  t.is(world.api.answers.size, 0);
  const { writeFileSync } = await import("node:fs");
  writeFileSync(`${world.directory}/gate`, "go\n");
  t.like(await peer.expect("guest.exited"), { code: 0, signal: null });
  t.is(world.log().at(-2), "1 out last");
});

test.serial("SIGTERM ends the guest, answers the invocation and exits 0", async (t) => {
  const world = await warmWorld(t);
  const peer = await world.boot(world.event(waiting));
  await peer.expect("guest.started");
  await world.logged("1 out ready");
  world.runtime.kill("SIGTERM");
  t.like(await peer.expect("guest.exited"), { signal: "SIGTERM" });
  t.like((await world.api.answers.next()).body, { result: "exited", signal: "SIGTERM" });
  t.deepEqual(await world.exited, { code: 0, signal: null });
  t.deepEqual(world.processes(), []);
});

test.serial("SIGTERM uses the grace of the boot event", async (t) => {
  const world = await warmWorld(t);
  const event = world.event(stubborn);
  const peer = await world.boot({ ...event, guest: { ...event.guest, stopGraceMs: 100 } });
  await peer.expect("guest.started");
  await world.logged("1 out ready");
  const startedMs = performance.now();
  world.runtime.kill("SIGTERM");
  t.like(await peer.expect("guest.exited"), { signal: "SIGKILL" });
  t.true(performance.now() - startedMs < 3000);
  t.like(await world.exited, { code: 0 });
});

test.serial("SIGTERM ends an environment that waits for an event", async (t) => {
  const world = await warmWorld(t);
  world.runtime.kill("SIGTERM");
  t.deepEqual(await world.exited, { code: 0, signal: null });
  t.deepEqual(world.processes(), []);
});

test.serial("SIGTERM before the acceptance starts nothing", async (t) => {
  const world = await warmWorld(t);
  world.api.invoke(world.event(waiting));
  const peer = await world.supervisor.peers.next();
  await peer.expect("environment.started");
  world.runtime.kill("SIGTERM");
  await peer.expect("closed");
  t.like((await world.api.answers.next()).body, { result: "refused" });
  t.like(await world.exited, { code: 0 });
});

test.serial("kill -9 of the host-runtime leaves no guest behind", async (t) => {
  const world = await warmWorld(t);
  const peer = await world.boot(world.event(`(setsid tail -f /dev/null) & ${waiting}`));
  await peer.expect("guest.started");
  await world.logged("1 out ready");
  t.true(world.processes().length >= 4);
  world.runtime.kill("SIGKILL");
  await peer.expect("closed");
  await world.gone();
  t.deepEqual(world.processes(), []);
});

test.serial(
  "an init that is killed ends its guests, and the environment with an error",
  async (t) => {
    const world = await warmWorld(t);
    // By its variables nobody could find it, nor by its session; its directory tells the test.
    const nameless = "mkdir den && cd den && setsid env -i sleep 1000";
    const peer = await world.boot(world.event(`echo $PPID; (${nameless}) & echo ready; wait`));
    await peer.expect("guest.started");
    await world.logged("1 out ready");
    const init = Number(world.log()[1]?.split(" ")[2]);
    process.kill(init, "SIGKILL");
    await peer.expect("closed");
    const answer = await world.api.answers.next();
    t.is(answer.kind, "error");
    t.is(answer.body["errorType"], "IM_ENVIRONMENT_LOST");
    t.deepEqual(await world.exited, { code: 1, signal: null });
    const left = processesNaming([join(world.directory, "den")]);
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    t.deepEqual(left, []);
  },
);

test.serial("a Runtime API that comes back within its time is used again", async (t) => {
  const world = await warmWorld(t);
  const peer = await world.boot(world.event(waiting));
  await peer.expect("guest.started");
  world.api.close();
  const again = new FakeRuntimeApi();
  t.teardown(() => again.close());
  peer.send({ type: "terminate", graceMs: 5000 });
  await peer.expect("guest.exited");
  await again.listen(world.apiPath);
  t.like((await again.answers.next()).body, { result: "exited", signal: "SIGTERM" });
  await again.polls.next();
  t.pass();
});
