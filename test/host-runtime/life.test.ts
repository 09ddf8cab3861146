import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import test from "ava";
import { environmentOf } from "../../platform/protocol/boot-id.js";
import { requestBytes } from "../../platform/protocol/control.js";
import { loadAddon, shimFiles } from "../../shim/index.js";
import { warmWorld } from "./world.js";

test.serial("a boot event starts the guest and its end is the response", async (t) => {
  const world = await warmWorld(t);
  world.api.invoke(world.event("echo hello; echo oops >&2; exit 7", { incarnation: 3 }));
  const peer = await world.supervisor.peers.next();
  const started = await peer.expect("environment.started");
  t.is(world.runtime.pid, started.pid);
  t.is(started.host, "web");
  t.is(started.deployId, "deploy-1");
  t.is(started.claim, "claim-1");
  t.is(started.incarnation, 3);
  t.is(peer.controls.length, 1);
  peer.send({ type: "environment.accepted" });
  const guest = await peer.expect("guest.started");
  t.true(guest.pid > 1);
  t.deepEqual(await peer.expect("guest.exited"), { type: "guest.exited", code: 7, signal: null });
  const log = world.log();
  const answer = await world.api.answers.next();
  t.is(answer.kind, "response");
  t.deepEqual(answer.body, { result: "exited", incarnation: 3, code: 7, signal: null });
  t.is(log[0], "3 im started /bin/sh");
  t.true(log.includes("3 out hello"));
  t.true(log.includes("3 err oops"));
  t.is(log.at(-1), "3 im exited code 7");
  const time = readFileSync(world.logFile, "utf8").split(" ", 1)[0] ?? "";
  t.is(new Date(time).toISOString(), time);
  t.is(statSync(world.logFile).mode & 0o777, 0o600);
  t.is(statSync(dirname(world.logFile)).mode & 0o777, 0o700);
});

test.serial(
  "the guest's environment is that of the event and nothing of the runtime's",
  async (t) => {
    const world = await warmWorld(t);
    const peer = await world.boot(world.event('tr "\\0" "\\n" < /proc/self/environ; pwd'));
    await peer.expect("guest.started");
    await peer.expect("guest.exited");
    const lines = world.log();
    t.true(lines.includes("1 out IM_HOST=web"));
    t.true(lines.includes("1 out GREETING=a-secret"));
    t.true(lines.includes(`1 out ${world.directory}`));
    t.is(lines.filter((line) => line.startsWith("1 out IM_CONTROL=")).length, 1);
    t.false(lines.some((line) => /AWS_SECRET|RUNTIME_API|LD_PRELOAD/.test(line)));
    t.false(world.stderr.includes("a-secret"));
  },
);

test.serial("a guest that is to be intercepted gets the preload library", async (t) => {
  const world = await warmWorld(t);
  const event = world.event('echo "$LD_PRELOAD"');
  const peer = await world.boot({ ...event, guest: { ...event.guest, preload: true } });
  await peer.expect("guest.started");
  await peer.expect("guest.exited");
  t.true(world.log().includes(`1 out ${shimFiles.preload}`));
});

test.serial(
  "a guest's request reaches the supervisor through the control end it was given",
  async (t) => {
    const world = await warmWorld(t);
    const ask = `head -c ${requestBytes} /dev/zero >&"$IM_CONTROL"`;
    const script = `${ask}; cat >/dev/null <&"$IM_CONTROL"`;
    const event = world.event("");
    const command = ["/bin/bash", "-c", script];
    const peer = await world.boot({ ...event, guest: { ...event.guest, command } });
    await peer.expect("guest.started");
    const addon = loadAddon();
    const control = peer.controls[0] ?? -1;
    const packet = await new Promise((resolve) => {
      addon.watch(control, () => resolve(addon.receivePacket(control)));
    });
    addon.unwatch(control);
    t.like(packet, { data: Buffer.alloc(requestBytes) });
    peer.send({ type: "terminate", graceMs: 1000 });
    await peer.expect("guest.exited");
  },
);

test.serial("a command that does not exist is a failure that says what and where", async (t) => {
  const world = await warmWorld(t);
  const event = world.event("");
  const peer = await world.boot({ ...event, guest: { ...event.guest, command: ["no-such"] } });
  const failed = await peer.expect("guest.failed");
  t.deepEqual(failed.error, {
    code: "IM_GUEST_COMMAND",
    message: `cannot execute \`no-such\`: No such file or directory (in ${world.directory})`,
  });
  const answer = await world.api.answers.next();
  t.deepEqual(answer.body, { result: "failed", incarnation: 1, code: null, signal: null });
  t.is(world.log().at(-1), `1 im ${failed.error.message}`);
});

test.serial("a directory that does not exist is a failure of its own", async (t) => {
  const world = await warmWorld(t);
  const event = world.event("");
  const guest = { ...event.guest, directory: `${world.directory}/missing` };
  const peer = await world.boot({ ...event, guest });
  const { error } = await peer.expect("guest.failed");
  t.regex(error.message, /^cannot enter the directory `.*\/missing`: No such file or directory$/);
});

test.serial(
  "a command that holds a NUL is refused as a failure, and the next life works",
  async (t) => {
    const world = await warmWorld(t);
    const event = world.event("");
    const bad = { ...event.guest, command: ["/bin/echo", "a\0b"] };
    const peer = await world.boot({ ...event, guest: bad });
    const { error } = await peer.expect("guest.failed");
    t.regex(error.message, /NUL/);
    t.is((await world.api.answers.next()).body["result"], "failed");
    const next = await world.boot(world.event("exit 0", { incarnation: 2 }));
    await next.expect("guest.started");
    t.is((await next.expect("guest.exited")).code, 0);
  },
);

test.serial("a refused life starts nothing and answers at once", async (t) => {
  const world = await warmWorld(t);
  world.api.invoke(world.event("touch started"));
  const peer = await world.supervisor.peers.next();
  await peer.expect("environment.started");
  peer.send({ type: "environment.refused", reason: "stale" });
  const answer = await world.api.answers.next();
  t.deepEqual(answer.body, { result: "refused", incarnation: 1, code: null, signal: null });
  await peer.expect("closed");
  await world.api.polls.next();
  t.throws(() => statSync(`${world.directory}/started`), { code: "ENOENT" });
  t.throws(() => statSync(world.logFile), { code: "ENOENT" });
});

test.serial("one environment lives two lives, with one boot id in its name", async (t) => {
  const world = await warmWorld(t);
  const bootIds: string[] = [];
  for (const incarnation of [1, 2]) {
    world.api.invoke(world.event(`echo life ${incarnation}`, { incarnation }));
    const peer = await world.supervisor.peers.next();
    bootIds.push((await peer.expect("environment.started")).bootId);
    peer.send({ type: "environment.accepted" });
    await peer.expect("guest.started");
    await peer.expect("guest.exited");
    await peer.expect("closed");
    t.is((await world.api.answers.next()).body["incarnation"], incarnation);
  }
  t.is(bootIds[0], bootIds[1]);
  t.is(environmentOf(bootIds[0] ?? ""), world.marker);
  t.deepEqual(world.log(), [
    "1 im started /bin/sh",
    "1 out life 1",
    "1 im exited code 0",
    "2 im started /bin/sh",
    "2 out life 2",
    "2 im exited code 0",
  ]);
});

test.serial(
  "an event that is no boot event is answered with an error that quotes nothing",
  async (t) => {
    const world = await warmWorld(t);
    const event = world.event("");
    const garbage = [
      "{a-secret",
      "[]",
      { ...event, guest: { ...event.guest, preload: "a-secret" } },
    ];
    for (const payload of garbage) {
      world.api.invoke(payload);
      const answer = await world.api.answers.next();
      t.is(answer.kind, "error");
      t.is(answer.body["errorType"], "IM_INTERNAL");
      t.notRegex(JSON.stringify(answer.body), /a-secret/);
    }
    t.notRegex(world.stderr, /a-secret/);
    const peer = await world.boot(world.event("exit 0"));
    await peer.expect("guest.started");
  },
);

test.serial("a supervisor that cannot be reached is waited for", async (t) => {
  const world = await warmWorld(t);
  const nodeSocket = `${world.directory}/later.sock`;
  world.api.invoke(world.event("exit 0", { nodeSocket }));
  const { FakeSupervisor } = await import("./fake-supervisor.js");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const late = new FakeSupervisor(loadAddon(), nodeSocket);
  t.teardown(() => late.close());
  const peer = await late.peers.next();
  await peer.expect("environment.started");
  peer.sendText("garbage");
  peer.sendText('{"type":"unheard-of"}');
  peer.send({ type: "environment.accepted" });
  await peer.expect("guest.started");
  t.is((await peer.expect("guest.exited")).code, 0);
});

test.serial("an init that died while it waited is replaced before the life", async (t) => {
  const world = await warmWorld(t);
  const init = world.processes().find((pid) => pid !== world.runtime.pid) ?? -1;
  process.kill(init, "SIGKILL");
  // Reaped, not only ended: the host-runtime knows it then.
  while (existsSync(`/proc/${init}`)) await new Promise(setImmediate);
  const peer = await world.boot(world.event("exit 0"));
  await peer.expect("guest.started");
  t.like(await peer.expect("guest.exited"), { code: 0 });
});
