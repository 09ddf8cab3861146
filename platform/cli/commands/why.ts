import { formatWhy } from "../format-why.js";
import { type TargetOptions, withDeployment } from "../session.js";
import type { Terminal } from "../terminal.js";

export interface WhyOptions extends TargetOptions {
  readonly json?: boolean;
}

export async function why(terminal: Terminal, host: string, options: WhyOptions): Promise<void> {
  await withDeployment(options, async (client, deployment) => {
    const told = await client.why(deployment, host);
    terminal.write(options.json ? `${JSON.stringify(told)}\n` : formatWhy(told, Date.now()));
  });
}
