/** The life of the daemon's process, from the lock to the last file removed. */
import { rmSync, writeFileSync } from "node:fs";
import type { Addon } from "../../shim/index.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import type { StartReport } from "./api.js";
import { type Configuration, type KeeperLinks, readKeeperLinks } from "./configuration.js";
import { KeeperCustody } from "./custody-adapter.js";
import { prepareHome, prepareRuntimeDirectory, removeRuntimeDirectory } from "./directories.js";
import { encodeError } from "./error-codec.js";
import { IdleWatch } from "./idle-watch.js";
import { spawnAdoptingKeeper } from "./keeper-adapter.js";
import { type DaemonLock, inheritLock, takeLock } from "./lock.js";
import { peerUserOf } from "./peer-check.js";
import type { DaemonService } from "./service.js";

export interface DaemonParts {
  readonly configuration: Configuration;
  readonly addon: Addon;
  readonly clock: Clock;
  readonly openLog: (configuration: Configuration) => Log;
  /** Restores what an earlier daemon had, too: what it does not claim of `custody` is closed. */
  readonly createService: (
    configuration: Configuration,
    log: Log,
    custody: KeeperCustody,
  ) => Promise<DaemonService>;
  /** Tells whoever started the process. */
  readonly report: (report: StartReport) => Promise<void>;
}

/** Without deployments and requests for this long, the daemon ends itself. */
const idleMs = 1000;
/**
 * Whoever started it wants something of it, and on a busy machine needs a while to say what: until
 * then (health is asked by everybody) the daemon waits this long.
 */
const firstRequestMs = 5000;

/** Resolves when the daemon has ended: idle, or because a signal asked it to. */
export async function runDaemon(parts: DaemonParts): Promise<void> {
  const { configuration, report } = parts;
  const links = readKeeperLinks();
  prepareHome(configuration.home, ownUser());
  const lock = holdLock(parts, links);
  if (lock === null) {
    await report({ type: "taken" });
    return;
  }
  const log = parts.openLog(configuration);
  const custody = await connectCustody(parts, links, lock, log);
  try {
    await serve(parts, custody, log);
    await custody.quit();
    removeTraces(configuration, lock);
  } catch (error) {
    log.error({ err: error, startsAgain: custody.startsAgain }, "failed");
    if (!custody.startsAgain) removeTraces(configuration, lock);
    await report({ type: "failed", error: encodeError(error) });
    process.exitCode = 2;
  }
}

function ownUser(): number {
  return process.getuid?.() ?? 0;
}

function holdLock({ configuration, addon }: DaemonParts, links: KeeperLinks): DaemonLock | null {
  const { lockFile } = configuration;
  if (links.lock !== null) return inheritLock(lockFile, links.lock);
  return takeLock(lockFile, (descriptor) => addon.tryLock(descriptor));
}

function connectCustody(
  { configuration, addon, clock }: DaemonParts,
  links: KeeperLinks,
  lock: DaemonLock,
  log: Log,
): Promise<KeeperCustody> {
  if (links.restarts > 0) log.warn({ restarts: links.restarts }, "was started again");
  return KeeperCustody.connect({
    addon,
    clock,
    log,
    descriptor: links.custody,
    restarts: links.restarts,
    startKeeper: (link) => spawnAdoptingKeeper(configuration, log, link, lock.descriptor),
  });
}

async function serve(parts: DaemonParts, custody: KeeperCustody, log: Log) {
  const { configuration, addon, clock } = parts;
  const user = ownUser();
  prepareRuntimeDirectory(configuration.runtimeDirectory, user);
  // A daemon that was killed leaves its sockets behind; we hold the lock, so they are nobody's.
  for (const path of [configuration.daemonSocket, configuration.nodeSocket]) {
    rmSync(path, { force: true });
  }
  const record = `${process.pid}\n${configuration.runtimeDirectory}\n`;
  writeFileSync(configuration.pidFile, record, { mode: 0o600 });

  const ended = signalled(log);
  const [service, { DaemonServer }] = await Promise.all([
    parts.createService(configuration, log, custody),
    import("./server.js"),
  ]);
  custody.closeUnclaimed();
  const server = new DaemonServer({
    service,
    version: configuration.version,
    nodeSocket: configuration.nodeSocket,
    log,
    ownUser: user,
    peerUser: peerUserOf((descriptor) => addon.peerCredentials(descriptor)),
    onActivity: (path) => {
      asked ||= path !== "/health";
      watch.touch();
    },
    onDown: () => watch.hurry(),
  });
  const beganMs = clock.monotonicMs();
  let asked = false;
  const awaited = () => !asked && clock.monotonicMs() - beganMs < firstRequestMs;
  const quiet = () => server.underWay === 0 && service.idle() && !awaited();
  const watch = new IdleWatch({ clock, quiet, idleMs, onIdle: () => ended.end("idle") });
  try {
    await server.listen(configuration.daemonSocket);
    custody.ready();
    log.info({ socket: configuration.daemonSocket }, "serves");
    await parts.report({ type: "ready" });
    log.info({ reason: await ended.reason }, "ends");
  } finally {
    watch.stop();
    await server.close();
    await service.close();
    ended.release();
  }
}

interface Ending {
  /** "SIGTERM", "SIGINT" or what `end` was called with. */
  readonly reason: Promise<string>;
  end(reason: string): void;
  /** From here on a signal ends the process as usual. */
  release(): void;
}

function signalled(log: Log): Ending {
  const signals = ["SIGTERM", "SIGINT"] as const;
  let end: (reason: string) => void = () => undefined;
  const reason = new Promise<string>((resolve) => {
    end = resolve;
  });
  const onSignal = (signal: string): void => {
    log.info({ signal }, "was asked to end");
    end(signal);
  };
  // A terminal that is closed is no reason to end: the daemon outlives who started it.
  const onHangUp = (): void => undefined;
  for (const signal of signals) process.on(signal, onSignal);
  process.on("SIGHUP", onHangUp);
  return {
    reason,
    end,
    release() {
      for (const signal of signals) process.off(signal, onSignal);
      process.off("SIGHUP", onHangUp);
    },
  };
}

/** The lock goes last: who gets it next finds nothing of ours. */
function removeTraces(configuration: Configuration, lock: DaemonLock): void {
  removeRuntimeDirectory(configuration.runtimeDirectory);
  for (const file of [configuration.pidFile, configuration.keeperFile]) {
    rmSync(file, { force: true });
  }
  lock.release();
}
