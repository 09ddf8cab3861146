import { statSync } from "node:fs";
import { connect } from "node:net";
import test, { type ExecutionContext } from "ava";
import { DaemonClient } from "../../platform/daemon/client.js";
import { prepareRuntimeDirectory } from "../../platform/daemon/directories.js";
import { readHealth } from "../../platform/daemon/health.js";
import { peerUserOf, requireTrustedServer } from "../../platform/daemon/peer-check.js";
import { DaemonServer, type ServerOptions } from "../../platform/daemon/server.js";
import type { LifecycleEvent } from "../../platform/daemon/service.js";
import { ImError } from "../../platform/errors/im-error.js";
import { loadAddon } from "../../shim/index.js";
import { FakeService, fakeManifest } from "../fixtures/daemon/fake-service.js";
import { Gate } from "../fixtures/daemon/gate.js";
import { silentLog } from "../fixtures/daemon/silent-log.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";

const uid = process.getuid?.() ?? 0;

async function serve(t: ExecutionContext, options: Partial<ServerOptions> = {}) {
  const configuration = temporaryConfiguration(t);
  prepareRuntimeDirectory(configuration.runtimeDirectory, uid);
  const service = new FakeService(configuration);
  const server = new DaemonServer({
    service,
    version: "1.2.3",
    nodeSocket: configuration.nodeSocket,
    log: silentLog,
    ownUser: uid,
    peerUser: () => uid,
    ...options,
  });
  await server.listen(configuration.daemonSocket);
  const client = new DaemonClient(configuration.daemonSocket);
  t.teardown(async () => {
    await client.close();
    await server.close();
  });
  return { configuration, service, server, client };
}

async function deployed(t: ExecutionContext, options: Partial<ServerOptions> = {}) {
  const served = await serve(t, options);
  const manifest = fakeManifest("shop", ["web", "broken"]);
  const result = await served.client.deploy({ manifest, cloud: "local" });
  t.deepEqual(result.added, ["web", "broken"]);
  return served;
}

async function rejected(t: ExecutionContext, call: Promise<unknown>): Promise<ImError> {
  const error = await t.throwsAsync(call, { instanceOf: ImError });
  return error ?? t.fail("nothing was thrown");
}

test("the socket is for its owner alone", async (t) => {
  const { configuration } = await serve(t);
  t.is(statSync(configuration.daemonSocket).mode & 0o777, 0o600);
});

test("health tells who serves and what is deployed", async (t) => {
  const { configuration } = await deployed(t);
  t.deepEqual(await readHealth(configuration.daemonSocket), {
    pid: process.pid,
    version: "1.2.3",
    nodeSocket: configuration.nodeSocket,
    deployments: ["shop"],
  });
});

test("where nobody serves there is no health", async (t) => {
  t.is(await readHealth(temporaryConfiguration(t).daemonSocket), null);
});

test("a host is woken and stopped, and its status and events tell", async (t) => {
  const { client } = await deployed(t);
  await client.wake("shop", "web");
  const running = await client.status("shop");
  t.is(running.hosts[0]?.state, "running");
  t.is(running.hosts[0]?.incarnation, 1);
  await client.stop("shop", "web");
  const states = (await client.events("shop")).map(({ to }) => to);
  t.deepEqual(states, ["allocating", "running", "imaginary"]);
});

test("a host is suspended, and tells why it is what it is", async (t) => {
  const { client } = await deployed(t);
  await client.suspend("shop", "web");
  t.like(await client.why("shop", "web"), { state: "suspended", chainBegins: "nobody" });
  t.is((await rejected(t, client.why("shop", "nobody"))).code, "IM_NO_HOST");
});

test("an error of the service arrives as the same error", async (t) => {
  const { client } = await deployed(t);
  const error = await rejected(t, client.wake("shop", "broken"));
  t.is(error.code, "IM_GUEST_EXITED");
  t.is(error.message, "broken ended before it listened");
});

test("names that need escaping reach the service as they are", async (t) => {
  const { client } = await deployed(t);
  const error = await rejected(t, client.stop("shop", "no/such?host"));
  t.is(error.code, "IM_NO_HOST");
  t.regex(error.message, /no\/such\?host/);
});

test("every call about a deployment that is not there says so", async (t) => {
  const { client } = await deployed(t);
  const following = client.follow("shops", { past: true }).next();
  const calls = [client.status("shops"), client.events("shops"), client.down("shops"), following];
  for (const call of calls) {
    const error = await rejected(t, call);
    t.is(error.code, "IM_NO_DEPLOYMENT");
    t.is(error.details.expected, "one of shop");
  }
});

test("followers get the past, then what happens, and the end", async (t) => {
  const { client, service } = await deployed(t);
  await client.wake("shop", "web");
  const seen: LifecycleEvent[] = [];
  for await (const event of client.follow("shop", { past: true })) {
    seen.push(event);
    if (event.to === "running") await client.stop("shop", "web");
    if (event.to === "imaginary") {
      t.is(service.listeners("shop"), 1);
      await client.down("shop");
    }
  }
  t.deepEqual(
    seen.map(({ to }) => to),
    ["allocating", "running", "imaginary"],
  );
});

test("a follower that leaves is forgotten", async (t) => {
  const forgotten = new Gate();
  let left = false;
  const { client, server, service } = await deployed(t, {
    onActivity: () => {
      if (left && server.underWay === 0) forgotten.open();
    },
  });
  const leaving = new AbortController();
  const events = client.follow("shop", { past: false, signal: leaving.signal });
  const first = events.next();
  await client.wake("shop", "web");
  t.is((await first).value?.to, "allocating");
  left = true;
  leaving.abort();
  // What had arrived before is still delivered.
  while (!(await events.next()).done);
  await forgotten.opened;
  t.is(service.listeners("shop"), 0);
});

test("a deploy whose caller leaves is undone", async (t) => {
  const { client, service } = await serve(t);
  const [begun, proceed, ended] = [new Gate(), new Gate(), new Gate()];
  service.deploying = () => begun.open();
  service.deployGate = proceed.opened;
  service.ending = () => ended.open();
  const leaving = new AbortController();
  const request = { manifest: fakeManifest("shop", ["web"]), cloud: "local" } as const;
  const deploying = rejected(t, client.deploy(request, leaving.signal));
  await begun.opened;
  leaving.abort();
  await deploying;
  // A second connection is served after the server has seen the first one close.
  await t.throwsAsync(client.status("shop"));
  proceed.open();
  await ended.opened;
  t.deepEqual(service.deployments(), []);
});

test("a second deploy whose caller leaves keeps what was there before", async (t) => {
  const { client, service } = await deployed(t);
  const [begun, proceed] = [new Gate(), new Gate()];
  service.deploying = () => begun.open();
  service.deployGate = proceed.opened;
  const leaving = new AbortController();
  const request = { manifest: fakeManifest("shop", ["web"]), cloud: "local" } as const;
  const deploying = rejected(t, client.deploy(request, leaving.signal));
  await begun.opened;
  leaving.abort();
  await deploying;
  proceed.open();
  await client.status("shop");
  t.deepEqual(service.deployments(), ["shop"]);
});

test("a manifest that is not one is refused by its path, without its values", async (t) => {
  const { client, service } = await serve(t);
  const manifest = { ...fakeManifest("shop", ["web"]), secret: "hunter2" };
  const error = await rejected(t, client.deploy({ manifest, cloud: "local" }));
  t.is(error.code, "IM_USAGE");
  t.regex(error.message, /^body\.manifest: /);
  t.deepEqual(service.deployments(), []);
});

test("a body beyond the limit is refused", async (t) => {
  const { client } = await serve(t);
  const manifest = { ...fakeManifest("shop", ["web"]), file: "x".repeat(9 * 1024 * 1024) };
  const error = await rejected(t, client.deploy({ manifest, cloud: "local" }));
  // The refusal may overtake the rest of the body, and then the connection is all that is seen.
  t.true(error.code === "IM_USAGE" || error.code === "IM_DAEMON_UNREACHABLE");
});

test("a process of another user is not listened to", async (t) => {
  const { configuration } = await serve(t, { peerUser: () => uid + 1, ownUser: uid });
  t.is(await readHealth(configuration.daemonSocket), null);
});

test("a daemon of another user is told nothing", async (t) => {
  const paths: string[] = [];
  const { configuration } = await serve(t, { onActivity: (path) => paths.push(path) });
  const foreign = (): void => requireTrustedServer(uid + 1, uid);
  const asking = readHealth(configuration.daemonSocket, foreign);
  t.is((await rejected(t, asking)).code, "IM_DIRECTORY_UNSAFE");
  const client = new DaemonClient(configuration.daemonSocket, foreign);
  t.teardown(() => client.close());
  const manifest = fakeManifest("shop", ["web"]);
  const deploying = client.deploy({ manifest, cloud: "local" });
  t.is((await rejected(t, deploying)).code, "IM_DIRECTORY_UNSAFE");
  t.false(paths.includes("/deployments"));
});

for (const name of ["../shop", "Shop", "shop.", "s/h", ""]) {
  test(`a deployment, a class and a host cannot be named ${JSON.stringify(name)}`, async (t) => {
    const { client, service } = await serve(t);
    for (const manifest of [fakeManifest(name, ["web"]), fakeManifest("shop", [name])]) {
      const error = await rejected(t, client.deploy({ manifest, cloud: "local" }));
      t.is(error.code, "IM_USAGE");
      t.regex(error.message, /lower-case letters/);
    }
    t.deepEqual(service.deployments(), []);
    await client.deploy({ manifest: fakeManifest("shop", ["web"]), cloud: "local" });
    if (name === "") return;
    const error = await rejected(t, client.logFile("shop", name));
    t.is(error.code, "IM_NO_HOST");
    t.regex(error.details.expected ?? "", /lower-case letters/);
  });
}

test("the names of a class's hosts must not be too long either", async (t) => {
  const { client } = await serve(t);
  const plain = fakeManifest("shop", ["a".repeat(62)]);
  const manifest = { ...plain, classes: plain.classes.map((one) => ({ ...one, count: 1 })) };
  const error = await rejected(t, client.deploy({ manifest, cloud: "local" }));
  t.regex(error.message, /^body\.manifest\.classes\.0\.name: /);
});

test("the kernel names the user at the other end", async (t) => {
  const addon = loadAddon();
  const seen: (number | null)[] = [];
  const peerUser = peerUserOf((descriptor) => addon.peerCredentials(descriptor));
  const { configuration } = await serve(t, {
    peerUser: (socket) => {
      seen.push(peerUser(socket));
      return uid;
    },
  });
  await readHealth(configuration.daemonSocket);
  t.deepEqual(seen, [uid]);
});

test("without a daemon every call is refused as unreachable", async (t) => {
  const client = new DaemonClient(temporaryConfiguration(t).daemonSocket);
  t.teardown(() => client.close());
  const error = await rejected(t, client.status("shop"));
  t.is(error.code, "IM_DAEMON_UNREACHABLE");
  t.is(error.exitCode, 2);
});

test("what is not HTTP ends its own connection only", async (t) => {
  const { configuration, client } = await deployed(t);
  const socket = connect(configuration.daemonSocket);
  await new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("close", resolve).resume();
    socket.end("garbage\r\n\r\n");
  });
  t.is((await client.status("shop")).deployment, "shop");
});

test("a deployment's end is told after its caller knows", async (t) => {
  const told = new Gate();
  const { client, server } = await deployed(t, { onDown: () => told.open() });
  await client.down("shop");
  await told.opened;
  t.is(server.underWay, 0);
});
