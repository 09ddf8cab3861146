/** What an environment does when its supervisor is killed, and another comes. */
import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { loadAddon } from "../../shim/index.js";
import { FakeRuntimeApi } from "./fake-runtime-api.js";
import type { FakePeer } from "./fake-supervisor.js";
import { lifeHere } from "./life-here.js";
import { type World, warmWorld } from "./world.js";

const waiting = "echo ready; exec tail -f /dev/null";
const stubborn = "trap '' TERM; echo ready; while :; do read -r line < /dev/zero & wait; done";
const gated = "mkfifo gate; echo ready; read code < gate; exit $code";

/** Until the guest has said that it is ready. */
async function boot(world: World, script: string): Promise<{ peer: FakePeer; guest: number }> {
  const peer = await world.boot(world.event(script));
  const { pid } = await peer.expect("guest.started");
  await world.logged("1 out ready");
  return { peer, guest: pid };
}

async function resumed(world: World) {
  const peer = await world.supervisor.peers.next();
  return { peer, message: await peer.expect("environment.resumed") };
}

test.serial(
  "a guest lives on when the supervisor is killed, and the next one is told",
  async (t) => {
    const world = await warmWorld(t);
    const { guest } = await boot(world, waiting);
    world.killSupervisor();
    world.restartSupervisor();
    const { peer, message } = await resumed(world);
    const { bootId, ...identity } = message;
    t.deepEqual(identity, {
      type: "environment.resumed",
      deployId: "deploy-1",
      host: "web",
      incarnation: 1,
      pid: world.runtime.pid ?? 0,
      guestPid: guest,
      invoked: true,
    });
    t.not(bootId, "");
    t.is(peer.controls.length, 1);
    peer.send({ type: "environment.accepted" });
    t.true(world.processes().includes(guest));
    peer.send({ type: "terminate", graceMs: 5000 });
    t.like(await peer.expect("guest.exited"), { signal: "SIGTERM" });
    t.like((await world.api.answers.next()).body, { result: "exited", signal: "SIGTERM" });
    t.deepEqual(world.log(), ["1 im started /bin/sh", "1 out ready", "1 im exited signal SIGTERM"]);
  },
);

test.serial("supervisors may be killed one after the other", async (t) => {
  const world = await warmWorld(t);
  const { guest } = await boot(world, waiting);
  for (let round = 0; round < 5; round += 1) {
    world.killSupervisor();
    world.restartSupervisor();
    const { peer, message } = await resumed(world);
    t.is(message.guestPid, guest);
    if (round % 2 === 0) peer.send({ type: "environment.accepted" });
  }
  t.true(world.processes().includes(guest));
});

test.serial("what a guest asks while no supervisor is there reaches the next one", async (t) => {
  const world = await warmWorld(t);
  const script = 'mkfifo gate; echo ready; read x < gate; printf asked >&"$IM_CONTROL"; sleep 1000';
  const event = world.event("");
  const guest = { ...event.guest, command: ["/bin/bash", "-c", script] };
  const first = await world.boot({ ...event, guest });
  await first.expect("guest.started");
  await world.logged("1 out ready");
  world.killSupervisor();
  writeFileSync(`${world.directory}/gate`, "go\n");
  world.restartSupervisor();
  const { peer } = await resumed(world);
  const addon = loadAddon();
  const control = peer.controls[0] ?? -1;
  const packet = await new Promise((resolve) => {
    addon.watch(control, () => resolve(addon.receivePacket(control)));
  });
  addon.unwatch(control);
  t.like(packet, { data: Buffer.from("asked") });
});

test.serial("an exit that no supervisor saw is told to the next one", async (t) => {
  const world = await warmWorld(t);
  await boot(world, gated);
  world.killSupervisor();
  writeFileSync(`${world.directory}/gate`, "7\n");
  await world.logged("1 im exited code 7");
  t.is(world.api.answers.size, 0);
  world.restartSupervisor();
  const { peer } = await resumed(world);
  t.deepEqual(await peer.expect("guest.exited"), { type: "guest.exited", code: 7, signal: null });
  t.like((await world.api.answers.next()).body, { result: "exited", code: 7 });
  await peer.expect("closed");
});

test.serial("an end that a killed supervisor may not have seen is told again", async (t) => {
  const world = await warmWorld(t);
  const { peer } = await boot(world, gated);
  world.api.close();
  writeFileSync(`${world.directory}/gate`, "7\n");
  await peer.expect("guest.exited");
  world.killSupervisor();
  world.restartSupervisor();
  const again = await resumed(world);
  t.like(await again.peer.expect("guest.exited"), { code: 7 });
  const api = new FakeRuntimeApi();
  t.teardown(() => api.close());
  await api.listen(world.apiPath);
  t.like((await api.answers.next()).body, { result: "exited", code: 7 });
  await again.peer.expect("closed");
  await api.polls.next();
});

test.serial("a command that failed while no supervisor was there is told as that", async (t) => {
  const world = await warmWorld(t);
  const event = world.event("");
  world.api.invoke({ ...event, guest: { ...event.guest, command: ["no-such"] } });
  const peer = await world.supervisor.peers.next();
  await peer.expect("environment.started");
  peer.send({ type: "environment.accepted" });
  world.killSupervisor();
  await world.logged(
    `1 im cannot execute \`no-such\`: No such file or directory (in ${world.directory})`,
  );
  world.restartSupervisor();
  const again = await resumed(world);
  t.is(again.message.guestPid, null);
  t.like(await again.peer.expect("guest.failed"), { error: { code: "IM_GUEST_COMMAND" } });
});

test.serial("a life that was not accepted yet asks the next supervisor", async (t) => {
  const world = await warmWorld(t);
  world.api.invoke(world.event(waiting));
  const first = await world.supervisor.peers.next();
  const asked = await first.expect("environment.started");
  world.killSupervisor();
  world.restartSupervisor();
  const peer = await world.supervisor.peers.next();
  t.deepEqual(await peer.expect("environment.started"), asked);
  t.is(peer.controls.length, 1);
  t.throws(() => readFileSync(world.logFile), { code: "ENOENT" });
  peer.send({ type: "environment.accepted" });
  await peer.expect("guest.started");
});

test.serial("a guest that the next supervisor refuses is ended at once", async (t) => {
  const world = await warmWorld(t);
  await boot(world, stubborn);
  world.killSupervisor();
  world.restartSupervisor();
  const { peer } = await resumed(world);
  peer.send({ type: "environment.refused", reason: "another life" });
  t.like((await world.api.answers.next()).body, { result: "exited", signal: "SIGKILL" });
  const next = await world.boot(world.event("exit 0", { incarnation: 2 }));
  await next.expect("guest.started");
  t.like(await next.expect("guest.exited"), { code: 0 });
});

test.serial("an environment that is told to end does not wait for a supervisor", async (t) => {
  const world = await warmWorld(t);
  await boot(world, waiting);
  world.killSupervisor();
  world.runtime.kill("SIGTERM");
  t.like((await world.api.answers.next()).body, { result: "exited", signal: "SIGTERM" });
  t.deepEqual(await world.exited, { code: 0, signal: null });
  t.deepEqual(world.processes(), []);
});

test.serial("an environment that waits to tell an end can be told to end", async (t) => {
  const world = await warmWorld(t);
  await boot(world, gated);
  world.killSupervisor();
  writeFileSync(`${world.directory}/gate`, "7\n");
  await world.logged("1 im exited code 7");
  world.runtime.kill("SIGTERM");
  t.like((await world.api.answers.next()).body, { result: "exited", code: 7 });
  t.deepEqual(await world.exited, { code: 0, signal: null });
});

test.serial("a guest that no supervisor came back for is ended with its grace", async (t) => {
  const { supervisor, life, over } = await lifeHere(t, { awayMs: 200 });
  const killedMs = performance.now();
  supervisor.close();
  t.deepEqual(await over, { result: "exited", incarnation: 1, code: 5, signal: null });
  t.true(performance.now() - killedMs >= 200);
  await life.leave();
});
