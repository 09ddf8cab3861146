import type { DaemonClient } from "../../daemon/client.js";
import { followLog, readLog } from "../log-reader.js";
import { type TargetOptions, withDeployment } from "../session.js";
import type { Terminal } from "../terminal.js";

export interface LogsOptions extends TargetOptions {
  readonly follow?: boolean;
}

export async function logs(terminal: Terminal, host: string, options: LogsOptions): Promise<void> {
  const write = (chunk: Buffer): void => terminal.write(chunk);
  await withDeployment(options, async (client, deployment) => {
    const file = await client.logFile(deployment, host);
    if (!options.follow) {
      readLog(file, write);
      return;
    }
    const ending = new AbortController();
    const reading = followLog(file, write, ending.signal);
    try {
      await untilEnded(client, deployment);
    } finally {
      ending.abort();
      await reading;
    }
    terminal.note(`${deployment}: ended\n`);
  });
}

/** The stream of events ends with the deployment. */
async function untilEnded(client: DaemonClient, deployment: string): Promise<void> {
  const events = client.follow(deployment, { past: false });
  while (!(await events.next()).done);
}
