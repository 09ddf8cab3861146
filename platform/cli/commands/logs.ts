import { followLog, readLog } from "../log-reader.js";
import { type TargetOptions, withDeployment } from "../session.js";
import type { Terminal } from "../terminal.js";

export interface LogsOptions extends TargetOptions {
  readonly follow?: boolean;
}

export async function logs(terminal: Terminal, host: string, options: LogsOptions): Promise<void> {
  const file = await withDeployment(options, (client, name) => client.logFile(name, host));
  const write = (chunk: Buffer): void => terminal.write(chunk);
  if (options.follow) await followLog(file, write, new AbortController().signal);
  else readLog(file, write);
}
