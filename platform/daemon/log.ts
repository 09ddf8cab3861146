import { renameSync, statSync } from "node:fs";
import { destination, pino } from "pino";
import type { Log } from "../ports/log.js";
import type { Configuration } from "./configuration.js";

const logBytesMax = 10 * 1024 * 1024;

/**
 * Log of the daemon: one JSON object a line, appended to `daemon.log` in IM_HOME. Written at once,
 * so that the last line before a crash is there. One old file is kept.
 */
export function openLog(configuration: Pick<Configuration, "logFile" | "version">): Log {
  const { logFile } = configuration;
  const status = statSync(logFile, { throwIfNoEntry: false });
  if (status !== undefined && status.size > logBytesMax) renameSync(logFile, `${logFile}.1`);
  const file = destination({ dest: logFile, sync: true, append: true, mode: 0o600 });
  return pino({ base: { pid: process.pid, version: configuration.version }, level: "debug" }, file);
}
