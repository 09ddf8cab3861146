/** The life of the daemon's process, from the lock to the last file removed. */
import { rmSync, writeFileSync } from "node:fs";
import type { Addon } from "../../shim/index.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import type { StartReport } from "./api.js";
import type { Configuration } from "./configuration.js";
import { prepareHome, prepareRuntimeDirectory, removeRuntimeDirectory } from "./directories.js";
import { encodeError } from "./error-codec.js";
import { IdleWatch } from "./idle-watch.js";
import { type DaemonLock, takeLock } from "./lock.js";
import { peerUserOf } from "./peer-check.js";
import { DaemonServer } from "./server.js";
import type { DaemonService } from "./service.js";

export interface DaemonParts {
  readonly configuration: Configuration;
  readonly addon: Pick<Addon, "tryLock" | "peerCredentials">;
  readonly clock: Clock;
  readonly openLog: (configuration: Configuration) => Log;
  readonly createService: (configuration: Configuration, log: Log) => Promise<DaemonService>;
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
  const { configuration, addon, report } = parts;
  const user = process.getuid?.() ?? 0;
  prepareHome(configuration.home, user);
  const lock = takeLock(configuration.lockFile, (descriptor) => addon.tryLock(descriptor));
  if (lock === null) {
    await report({ type: "taken" });
    return;
  }
  const log = parts.openLog(configuration);
  try {
    await serve(parts, lock, user, log);
  } catch (error) {
    log.error({ err: error }, "could not start");
    removeTraces(configuration, lock);
    await report({ type: "failed", error: encodeError(error) });
    process.exitCode = 2;
  }
}

async function serve(parts: DaemonParts, lock: DaemonLock, user: number, log: Log) {
  const { configuration, addon, clock } = parts;
  prepareRuntimeDirectory(configuration.runtimeDirectory, user);
  // A daemon that was killed leaves its sockets behind; we hold the lock, so they are nobody's.
  for (const path of [configuration.daemonSocket, configuration.nodeSocket]) {
    rmSync(path, { force: true });
  }
  const record = `${process.pid}\n${configuration.runtimeDirectory}\n`;
  writeFileSync(configuration.pidFile, record, { mode: 0o600 });

  const ended = signalled(log);
  const service = await parts.createService(configuration, log);
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
    log.info({ socket: configuration.daemonSocket }, "serves");
    await parts.report({ type: "ready" });
    log.info({ reason: await ended.reason }, "ends");
  } finally {
    watch.stop();
    await server.close();
    await service.close();
    ended.release();
  }
  removeTraces(configuration, lock);
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
  rmSync(configuration.pidFile, { force: true });
  lock.release();
}
