import type { LifecycleEvent } from "../../daemon/service.js";
import { formatEvent } from "../format-event.js";
import { type TargetOptions, withDeployment } from "../session.js";
import type { Terminal } from "../terminal.js";

export interface EventsOptions extends TargetOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function events(terminal: Terminal, options: EventsOptions): Promise<void> {
  const print = (event: LifecycleEvent): void => {
    const line = options.json ? JSON.stringify(event) : formatEvent(event, terminal.coloured);
    terminal.write(`${line}\n`);
  };
  await withDeployment(options, async (client, deployment) => {
    if (options.follow) {
      for await (const event of client.follow(deployment, { past: true })) print(event);
    } else {
      for (const event of await client.events(deployment)) print(event);
    }
  });
}
