/** What an environment does when its invocation has to end before its life does. */
import { existsSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import type { ContinueEvent } from "../../platform/protocol/environment.js";
import type { FakePeer } from "./fake-supervisor.js";
import { lifeHere } from "./life-here.js";
import { type World, warmWorld } from "./world.js";

const waiting = "echo ready; exec tail -f /dev/null";
const stubborn = "trap '' TERM; echo ready; while :; do read -r line < /dev/zero & wait; done";
const gated = "mkfifo gate; echo ready; read code < gate; exit $code";
/** Time for an invocation; it is answered after a third of it. */
const shortMs = 600;

interface Returned {
  readonly world: World;
  readonly peer: FakePeer;
  readonly guest: number;
  readonly bootId: string;
}

/** A guest that has said that it is ready, in an environment that asks for its next event. */
async function returned(t: ExecutionContext, script: string, incarnation = 1): Promise<Returned> {
  const world = await warmWorld(t);
  world.api.invoke(world.event(script, { incarnation }), shortMs);
  const peer = await world.supervisor.peers.next();
  const { bootId } = await peer.expect("environment.started");
  peer.send({ type: "environment.accepted" });
  const { pid: guest } = await peer.expect("guest.started");
  const { body } = await world.api.answers.next();
  t.deepEqual(body, { result: "returned", incarnation, code: null, signal: null });
  await peer.expect("environment.returning");
  await world.api.polls.next();
  await world.logged(`${incarnation} out ready`);
  return { world, peer, guest, bootId };
}

function continuing(world: World, memory: string, incarnation = 1): ContinueEvent {
  const { deployId, host, nodeSocket } = world.event("");
  return { version: 1, action: "continue", deployId, host, incarnation, memory, nodeSocket };
}

test.serial("a guest lives on through one invocation after the other", async (t) => {
  const { world, peer, guest, bootId } = await returned(t, waiting);
  for (let count = 0; count < 3; count += 1) {
    world.api.invoke(continuing(world, bootId), shortMs);
    await peer.expect("environment.continued");
    t.like((await world.api.answers.next()).body, { result: "returned", incarnation: 1 });
    await peer.expect("environment.returning");
    await world.api.polls.next();
  }
  t.true(world.processes().includes(guest));
  world.api.invoke(continuing(world, bootId));
  await peer.expect("environment.continued");
  peer.send({ type: "terminate", graceMs: 5000 });
  t.like(await peer.expect("guest.exited"), { signal: "SIGTERM" });
  t.like((await world.api.answers.next()).body, { result: "exited", signal: "SIGTERM" });
  await peer.expect("closed");
});

test.serial(
  "a guest that exits between two invocations is reported, and the next lives",
  async (t) => {
    const { world, peer, bootId } = await returned(t, gated);
    writeFileSync(`${world.directory}/gate`, "7\n");
    t.like(await peer.expect("guest.exited"), { code: 7 });
    await peer.expect("closed");
    world.api.invoke(continuing(world, bootId));
    const late = await world.supervisor.peers.next();
    t.like(await late.expect("environment.misdirected"), { bootId, incarnation: 1 });
    late.send({ type: "environment.refused", reason: "this life is over" });
    t.like((await world.api.answers.next()).body, { result: "refused" });
    const next = await world.boot(world.event("exit 0", { incarnation: 2 }));
    await next.expect("guest.started");
    t.like(await next.expect("guest.exited"), { code: 0 });
  },
);

test.serial("an end between two invocations waits for a supervisor, and is told", async (t) => {
  const { world, bootId } = await returned(t, gated);
  world.killSupervisor();
  writeFileSync(`${world.directory}/gate`, "7\n");
  await world.logged("1 im exited code 7");
  world.restartSupervisor();
  const peer = await world.supervisor.peers.next();
  t.like(await peer.expect("environment.resumed"), { bootId, invoked: false });
  t.like(await peer.expect("guest.exited"), { code: 7 });
  await peer.expect("closed");
});

test.serial(
  "a supervisor that comes between two invocations is told that there is none",
  async (t) => {
    const { world, bootId } = await returned(t, waiting);
    world.killSupervisor();
    world.restartSupervisor();
    const peer = await world.supervisor.peers.next();
    t.like(await peer.expect("environment.resumed"), { invoked: false });
    world.api.invoke(continuing(world, bootId));
    await peer.expect("environment.continued");
  },
);

test.serial(
  "a boot that no supervisor has answered is given up, and can be repeated",
  async (t) => {
    const world = await warmWorld(t);
    world.killSupervisor();
    const event = world.event("echo ready; exit 0");
    world.api.invoke(event, shortMs);
    t.like((await world.api.answers.next()).body, { result: "refused", incarnation: 1 });
    world.restartSupervisor();
    const peer = await world.boot(event);
    await peer.expect("guest.started");
  },
);

test.serial(
  "who reads too late that a boot asks for him is told that it was given up",
  async (t) => {
    const world = await warmWorld(t);
    world.api.invoke(world.event("touch started"), shortMs);
    const peer = await world.supervisor.peers.next();
    await peer.expect("environment.started");
    t.like((await world.api.answers.next()).body, { result: "refused", incarnation: 1 });
    peer.send({ type: "environment.accepted" });
    t.like((await peer.expect("guest.failed")).error, { code: "IM_ENVIRONMENT_LOST" });
    await peer.expect("closed");
    t.false(existsSync(`${world.directory}/started`));
  },
);

test.serial(
  "an environment that is not the one meant keeps the event until it is refused",
  async (t) => {
    const world = await warmWorld(t);
    for (const way of ["refused", "hung up"]) {
      world.api.invoke(continuing(world, "another"));
      const peer = await world.supervisor.peers.next();
      const { bootId } = await peer.expect("environment.misdirected");
      t.not(bootId, "another");
      t.is(world.api.answers.size, 0);
      if (way === "refused")
        peer.send({ type: "environment.refused", reason: "not the one meant" });
      else peer.close();
      t.like((await world.api.answers.next()).body, { result: "refused" });
      await world.api.polls.next();
    }
  },
);

test.serial("an environment that is not the one meant answers before the deadline", async (t) => {
  const world = await warmWorld(t);
  world.api.invoke(continuing(world, "another"), shortMs);
  const peer = await world.supervisor.peers.next();
  await peer.expect("environment.misdirected");
  t.like((await world.api.answers.next()).body, { result: "refused" });
  await peer.expect("closed");
});

test.serial("late duplicates of earlier events change nothing", async (t) => {
  const { world, peer, guest, bootId } = await returned(t, waiting, 3);
  const stale = [
    world.event("touch started", { incarnation: 2, claim: "older" }),
    continuing(world, bootId, 2),
  ];
  for (const event of stale) {
    world.api.invoke(event);
    t.like((await world.api.answers.next()).body, { result: "refused", incarnation: 2 });
    await world.api.polls.next();
  }
  t.is(peer.received.size, 0);
  t.true(world.processes().includes(guest));
  // Its own boot event, delivered twice, is an invocation like any other.
  world.api.invoke(world.event(waiting, { incarnation: 3 }));
  await peer.expect("environment.continued");
  peer.send({ type: "terminate", graceMs: 5000 });
  await peer.expect("guest.exited");
  t.like((await world.api.answers.next()).body, { result: "exited" });
  world.api.invoke(stale[0]);
  t.like((await world.api.answers.next()).body, { result: "refused", incarnation: 2 });
  t.is(world.supervisor.peers.size, 0);
  t.false(existsSync(`${world.directory}/started`));
});

test.serial("a newer life of the host ends the one that is here without grace", async (t) => {
  const { world, peer, guest } = await returned(t, stubborn);
  const next = await world.boot(world.event("exit 0", { incarnation: 2, claim: "claim-2" }));
  t.like(await peer.expect("guest.exited"), { signal: "SIGKILL" });
  await peer.expect("closed");
  t.false(world.processes().includes(guest));
  await next.expect("guest.started");
  t.like(await next.expect("guest.exited"), { code: 0 });
});

test.serial("a life that goes on elsewhere is ended here without grace", async (t) => {
  const { world, peer, guest } = await returned(t, stubborn);
  world.api.invoke(continuing(world, "another", 2));
  t.like(await peer.expect("guest.exited"), { signal: "SIGKILL" });
  await peer.expect("closed");
  const stray = await world.supervisor.peers.next();
  await stray.expect("environment.misdirected");
  t.false(world.processes().includes(guest));
});

test.serial("an event that is none is answered, and the guest lives on", async (t) => {
  const { world, peer, guest, bootId } = await returned(t, waiting);
  world.api.invoke("{");
  t.is((await world.api.answers.next()).kind, "error");
  t.true(world.processes().includes(guest));
  world.api.invoke(continuing(world, bootId));
  await peer.expect("environment.continued");
});

test.serial(
  "an environment told to end between two invocations ends its guest first",
  async (t) => {
    const { world, peer } = await returned(t, waiting);
    world.runtime.kill("SIGTERM");
    t.like(await peer.expect("guest.exited"), { signal: "SIGTERM" });
    t.deepEqual(await world.exited, { code: 0, signal: null });
    t.deepEqual(world.processes(), []);
  },
);

test.serial("an init that dies between two invocations ends the environment", async (t) => {
  const { world, guest } = await returned(t, waiting);
  const init = world.processes().find((pid) => pid !== world.runtime.pid && pid !== guest) ?? -1;
  process.kill(init, "SIGKILL");
  t.deepEqual(await world.exited, { code: 1, signal: null });
});

test.serial("a guest that nobody comes to continue is ended with its grace", async (t) => {
  const { peer, life, over } = await lifeHere(t, { uninvokedMs: 100 });
  life.returning();
  await peer.expect("environment.returning");
  t.deepEqual(await over, { result: "exited", incarnation: 1, code: 5, signal: null });
  await life.leave();
});
