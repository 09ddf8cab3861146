/** How keepers are started: by a command, with a daemon; by a daemon whose keeper died. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { shimFiles } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import type { Log } from "../ports/log.js";
import { type Configuration, daemonVariables } from "./configuration.js";
import { residentFlags } from "./resident-flags.js";

/** Starts a daemon under a keeper, which passes Node's channel to us on to it. */
export function spawnDaemon(configuration: Configuration, program: string): ChildProcess {
  requireKeeper();
  const { lockFile, keeperFile } = configuration;
  return logged(configuration, (log) =>
    spawn(
      shimFiles.keeper,
      [lockFile, keeperFile, "--", process.execPath, ...residentFlags, program],
      keeperOptions(configuration, ["ignore", log, log, "ipc"]),
    ),
  );
}

/**
 * For a process that is a daemon: `link` is the keeper's end of it, `lock` the home's lock.
 * Resolves when the keeper has been reaped.
 */
export function spawnAdoptingKeeper(
  configuration: Configuration,
  log: Log,
  link: number,
  lock: number,
): Promise<void> {
  const { lockFile, keeperFile } = configuration;
  const program = process.argv[1] ?? "";
  const words = ["--adopt", lockFile, keeperFile, String(process.pid), "--"];
  const child = logged(configuration, (output) =>
    spawn(
      shimFiles.keeper,
      [...words, process.execPath, ...residentFlags, program],
      keeperOptions(configuration, ["ignore", output, output, link, lock]),
    ),
  );
  child.unref();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      log.error({ err: error }, "a keeper could not be started");
      resolve();
    });
  });
}

/** What Node itself prints when it dies belongs into the log, too. */
function logged(
  configuration: Configuration,
  start: (descriptor: number) => ChildProcess,
): ChildProcess {
  const log = openSync(configuration.logFile, "a", 0o600);
  try {
    return start(log);
  } finally {
    closeSync(log);
  }
}

function keeperOptions(configuration: Configuration, stdio: StdioOptions) {
  return { cwd: configuration.home, detached: true, env: daemonVariables(configuration), stdio };
}

function requireKeeper(): void {
  if (existsSync(shimFiles.keeper)) return;
  const expected = shimFiles.keeper;
  throw new ImError("IM_NOT_BUILT", { what: "the C parts are not built", expected });
}
