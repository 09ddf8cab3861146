import type { DaemonClient } from "../../daemon/client.js";
import type { DeploymentStatus } from "../../daemon/service.js";
import { ImError } from "../../errors/im-error.js";
import { formatStatus } from "../format-status.js";
import { type TargetOptions, withDeployment } from "../session.js";
import { paint, type Terminal } from "../terminal.js";

export interface StatusOptions extends TargetOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Ages grow also while nothing happens. */
const refreshMs = 1000;
const clearScreen = "\u001b[H\u001b[2J";

export async function status(
  terminal: Terminal,
  host: string | null,
  options: StatusOptions,
): Promise<void> {
  await withDeployment(options, async (client, deployment) => {
    const read = async () => select(await client.status(deployment), host);
    if (options.watch) await watch(terminal, client, deployment, read, options);
    else terminal.write(render(terminal, await read(), options));
  });
}

function render(terminal: Terminal, shown: DeploymentStatus, { json }: StatusOptions): string {
  if (json) return `${JSON.stringify(shown)}\n`;
  const { columns, coloured } = terminal;
  return formatStatus(shown, { columns, coloured, nowMs: Date.now() });
}

/** One host of it, or all. */
export function select(whole: DeploymentStatus, host: string | null): DeploymentStatus {
  if (host === null) return whole;
  const hosts = whole.hosts.filter((one) => one.name === host);
  if (hosts.length > 0) return { ...whole, hosts, imaginary: 0 };
  // It may be one of a class that was never real: only the manifest's names can tell.
  throw new ImError("IM_NO_HOST", {
    what: `${whole.deployment} has no host ${JSON.stringify(host)}`,
    ...(whole.imaginary > 0
      ? { expected: "a host that has been real, of those with a count" }
      : { expected: `one of ${whole.hosts.map((one) => one.name).join(", ")}` }),
  });
}

/** Ends with the deployment. On a terminal every second, elsewhere with every event. */
async function watch(
  terminal: Terminal,
  client: DaemonClient,
  deployment: string,
  read: () => Promise<DeploymentStatus>,
  options: StatusOptions,
): Promise<void> {
  const redraw = terminal.interactive && !options.json;
  const draw = async (): Promise<void> => {
    const shown = await read();
    const title = `${deployment} (${shown.cloud}), since ${shown.since}`;
    const head = redraw ? `${clearScreen}${paint(title, "bold", terminal.coloured)}\n` : "";
    terminal.write(head + render(terminal, shown, options));
  };
  const changes = new Changes();
  const timer = redraw ? setInterval(() => changes.note(), refreshMs) : undefined;
  const following = follow(client, deployment, changes);
  try {
    do await draw();
    while (await changes.next());
    await following;
  } catch (error) {
    if (!(error instanceof ImError) || error.code !== "IM_NO_DEPLOYMENT") throw error;
  } finally {
    clearInterval(timer);
  }
  terminal.note(`${deployment}: ended\n`);
}

async function follow(client: DaemonClient, deployment: string, changes: Changes): Promise<void> {
  try {
    for await (const _ of client.follow(deployment, { past: false })) changes.note();
  } finally {
    changes.end();
  }
}

/** However much happens while one picture is drawn, one more is enough. */
class Changes {
  #changed = false;
  #ended = false;
  #wake: () => void = () => undefined;

  note(): void {
    this.#changed = true;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves with true at the next change, with false at the end. */
  async next(): Promise<boolean> {
    while (!this.#changed && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
    return !this.#ended;
  }
}
