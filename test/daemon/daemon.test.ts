import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { DaemonClient } from "../../platform/daemon/client.js";
import { type Configuration, readConfiguration } from "../../platform/daemon/configuration.js";
import { prepareHome } from "../../platform/daemon/directories.js";
import { readHealth } from "../../platform/daemon/health.js";
import { takeLock } from "../../platform/daemon/lock.js";
import { ensureDaemon } from "../../platform/daemon/start.js";
import { ImError } from "../../platform/errors/im-error.js";
import { loadAddon } from "../../shim/index.js";
import {
  callIm,
  fakeDaemonProgram,
  startFakeDaemon,
} from "../fixtures/daemon/fake-daemon-process.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";

const addon = loadAddon();
const tryLock = (descriptor: number): boolean => addon.tryLock(descriptor);

function ensure(configuration: Configuration) {
  const configure = () => readConfiguration({ IM_HOME: configuration.home });
  return ensureDaemon({ program: fakeDaemonProgram, configure });
}

/** Resolves when the process has ended, also one that is not our child. */
async function ended(pid: number): Promise<void> {
  let descriptor: number;
  try {
    descriptor = addon.pidfdOpen(pid);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return;
    throw error;
  }
  await new Promise<void>((resolve) => addon.watch(descriptor, resolve));
  addon.unwatch(descriptor);
  addon.close(descriptor);
}

function leavesNothing(t: ExecutionContext, configuration: Configuration): void {
  t.false(existsSync(configuration.runtimeDirectory));
  t.deepEqual(readdirSync(configuration.home), ["daemon.log"]);
}

test("a home has one lock, which is free again after its release", (t) => {
  const { lockFile } = temporaryConfiguration(t);
  const first = takeLock(lockFile, tryLock);
  t.truthy(first);
  t.is(takeLock(lockFile, tryLock), null);
  first?.release();
  t.false(existsSync(lockFile));
  const second = takeLock(lockFile, tryLock);
  t.truthy(second);
  second?.release();
});

test("a lock on a file that was replaced meanwhile does not count", (t) => {
  const { lockFile } = temporaryConfiguration(t);
  const attempts: number[] = [];
  const lock = takeLock(lockFile, (descriptor) => {
    attempts.push(descriptor);
    // The owner before us removes its file between our open and our lock.
    if (attempts.length === 1) takeLock(lockFile, tryLock)?.release();
    return tryLock(descriptor);
  });
  t.is(attempts.length, 2);
  t.is(takeLock(lockFile, tryLock), null);
  lock?.release();
});

test("a daemon without deployments ends itself and leaves nothing but its log", async (t) => {
  const { configuration, ended } = await startFakeDaemon(t);
  t.true(existsSync(configuration.daemonSocket));
  t.is(await ended, 0);
  leavesNothing(t, configuration);
});

test("a daemon ends as soon as its last deployment has", async (t) => {
  const { configuration, ended } = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const client = new DaemonClient(configuration.daemonSocket);
  await client.down("shop");
  t.is(await ended, 0);
  await client.close();
  leavesNothing(t, configuration);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends a daemon properly, also while it has deployments`, async (t) => {
    const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
    process.kill(daemon.pid, signal);
    t.is(await daemon.ended, 0);
    leavesNothing(t, daemon.configuration);
  });
}

test.serial("callers at once get one daemon, and it outlives them", async (t) => {
  const configuration = temporaryConfiguration(t);
  process.env["FAKE_DEPLOYMENTS"] = "shop=web";
  const found = await Promise.all([1, 2, 3, 4].map(() => ensure(configuration)));
  delete process.env["FAKE_DEPLOYMENTS"];
  const pids = new Set(found.map(({ health }) => health.pid));
  t.is(pids.size, 1);
  const [pid = 0] = pids;
  t.is(readFileSync(configuration.pidFile, "utf8").split("\n")[0], String(pid));
  const starts = readFileSync(configuration.logFile, "utf8").match(/"serves"/g);
  t.is(starts?.length, 1);
  const client = new DaemonClient(configuration.daemonSocket);
  await client.down("shop");
  await client.close();
  await ended(pid);
  leavesNothing(t, configuration);
});

test("a daemon that was killed is followed by another on the same home", async (t) => {
  const killed = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const { configuration } = killed;
  process.kill(killed.pid, "SIGKILL");
  t.is(await killed.ended, "SIGKILL");
  t.true(existsSync(configuration.daemonSocket));
  t.is(await readHealth(configuration.daemonSocket), null);
  const { health } = await ensure(configuration);
  t.not(health.pid, killed.pid);
  await ended(health.pid);
  leavesNothing(t, configuration);
});

test.serial("what keeps a daemon from starting reaches whoever needs it", async (t) => {
  const configuration = temporaryConfiguration(t);
  process.env["FAKE_FAILURE"] = "the disk is full";
  const error = await t.throwsAsync(ensure(configuration), { instanceOf: ImError });
  delete process.env["FAKE_FAILURE"];
  t.is(error?.code, "IM_STORE_FAILED");
  t.is(error?.message, "the disk is full");
  leavesNothing(t, configuration);
});

test("a daemon in a directory that others may enter is not believed", async (t) => {
  const { configuration } = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  chmodSync(configuration.runtimeDirectory, 0o755);
  const error = await t.throwsAsync(ensure(configuration), { instanceOf: ImError });
  t.is(error?.code, "IM_DIRECTORY_UNSAFE");
  const { code, stderr } = await callIm(["status"], { home: configuration.home });
  t.is(code, 1);
  t.regex(stderr, /^error\[IM_DIRECTORY_UNSAFE\]: /);
});

test("a program that is no daemon is told from one", async (t) => {
  const configuration = temporaryConfiguration(t);
  const program = `${configuration.home}/broken.mjs`;
  prepareHome(configuration.home, process.getuid?.() ?? 0);
  writeFileSync(program, "process.exit(7)");
  const starting = ensureDaemon({ program, configure: () => configuration });
  const error = await t.throwsAsync(starting, { instanceOf: ImError });
  t.is(error?.code, "IM_DAEMON_UNREACHABLE");
  t.is(error?.details.received, "it ended with code 7");
});
