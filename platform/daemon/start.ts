/** Finds the daemon of a home, or starts one under a keeper: one for any number of callers. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ImError } from "../errors/im-error.js";
import type { Clock } from "../ports/clock.js";
import { type StartReport, startReport } from "./api.js";
import { type Configuration, readConfiguration } from "./configuration.js";
import { prepareHome } from "./directories.js";
import { decodeError } from "./error-codec.js";
import { findHealth, type Health } from "./health.js";
import { spawnDaemon } from "./keeper-adapter.js";
import { systemClock } from "./system-clock-adapter.js";

export interface Daemon {
  /** As the daemon has it: where its sockets are. */
  readonly configuration: Configuration;
  readonly health: Health;
}

export interface StartOptions {
  /** Entry point of the daemon. */
  readonly program?: string;
  readonly clock?: Clock;
  /** Read again on every attempt: a daemon that starts records its runtime directory. */
  readonly configure?: () => Configuration;
  /** Called when a daemon has been launched: what is loaded while it starts costs no time. */
  readonly meanwhile?: () => Promise<unknown>;
}

const startMsMax = 30_000;
/** How often to look whether a daemon that somebody else started (or that ends) is there (gone). */
const lookMs = 20;

const ownProgram = fileURLToPath(new URL("main.js", import.meta.url));

export async function ensureDaemon(options: StartOptions = {}): Promise<Daemon> {
  const { program = ownProgram, clock = systemClock, configure = readConfiguration } = options;
  const { meanwhile = async () => undefined } = options;
  const deadlineMs = clock.monotonicMs() + startMsMax;
  for (;;) {
    const configuration = configure();
    const health = await findHealth(configuration);
    if (health !== null) return { configuration, health };
    if (clock.monotonicMs() > deadlineMs) throw tooLate(configuration);
    const report = await launch(configuration, program, meanwhile);
    if (report.type === "failed") throw decodeError(report.error);
    // "taken": another one starts right now, or ends; "ready": it can be asked.
    if (report.type === "taken") {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, lookMs));
    }
  }
}

function tooLate(configuration: Configuration): ImError {
  return new ImError("IM_DAEMON_UNREACHABLE", {
    what: `a daemon holds ${configuration.lockFile} and does not answer`,
    expected: `an answer on ${configuration.daemonSocket} within ${startMsMax / 1000} s`,
  });
}

/** Resolves with what the new process, or its keeper in its place, says of its start. */
async function launch(
  configuration: Configuration,
  program: string,
  meanwhile: () => Promise<unknown>,
): Promise<StartReport> {
  prepareHome(configuration.home, process.getuid?.() ?? 0);
  const child = spawnDaemon(configuration, program);
  try {
    const [report] = await Promise.all([firstReport(child, configuration), meanwhile()]);
    return report;
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function firstReport(child: ChildProcess, configuration: Configuration): Promise<StartReport> {
  return new Promise((resolve, reject) => {
    const fail = (received: string): void => reject(startFailed(configuration, received));
    child.once("error", (cause) => fail(cause.message));
    child.once("message", (message) => {
      const report = startReport.safeParse(message);
      if (report.success) resolve(report.data);
      else fail("a message that is not its own");
    });
    // The exit may be seen before the last message: only the end of the channel comes after it.
    const ended = Promise.all([once(child, "exit"), once(child, "disconnect")]);
    ended.then(([[code, signal]]) => fail(`it ended with ${signal ?? `code ${code}`}`), reject);
  });
}

function startFailed(configuration: Configuration, received: string): ImError {
  const what = "the daemon could not be started";
  return new ImError("IM_DAEMON_UNREACHABLE", {
    what,
    received,
    fix: `see ${configuration.logFile}, then repeat`,
  });
}
