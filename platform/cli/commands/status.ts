import type { DaemonClient } from "../../daemon/client.js";
import type { DeploymentStatus } from "../../daemon/service.js";
import { ImError } from "../../errors/im-error.js";
import { formatStatus } from "../format-status.js";
import { locateAnywhere, type TargetOptions, withClient } from "../session.js";
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
  const place = await locateAnywhere(options);
  if (place.cloud === "aws") {
    const { statusOnAws } = await import("./status-aws.js");
    await statusOnAws(terminal, place.record, host, options);
    return;
  }
  const { configuration, deployment } = place;
  await withClient(configuration, async (client) => {
    const read = () => readStatus(client, deployment, host);
    if (options.watch) await watch(terminal, client, deployment, read, options);
    else terminal.write(render(terminal, await read(), options));
  });
}

function render(terminal: Terminal, shown: DeploymentStatus, { json }: StatusOptions): string {
  if (json) return `${JSON.stringify(shown)}\n`;
  const { columns, coloured } = terminal;
  return formatStatus(shown, { columns, coloured, nowMs: Date.now() });
}

/** One host of it, or all. The whole leaves out hosts of classes that were never real. */
async function readStatus(
  client: DaemonClient,
  deployment: string,
  host: string | null,
): Promise<DeploymentStatus> {
  const whole = await client.status(deployment);
  if (host === null) return whole;
  const listed = whole.hosts.find(({ name }) => name === host);
  return { ...whole, hosts: [listed ?? (await client.host(deployment, host))], imaginary: 0 };
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
