/** The clients: a few programs with many connections each, half of them under the shim. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Connect, readConnect } from "./connect.js";
import { built, type SoakHost } from "./hosts.js";
import { giveUpMs } from "./plan.js";

export interface TrafficParts {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly hosts: readonly SoakHost[];
  readonly addresses: ReadonlyMap<string, string>;
  readonly clients: number;
  readonly seed: number;
  readonly im: string;
  readonly onConnect: (connect: Connect) => void;
  /** A client program that ended before it was told to. */
  readonly onLost: (what: string) => void;
}

const styles = ["blocking", "nonblocking"] as const;
const ways = ["shim", "plain"] as const;

export class Traffic {
  readonly #programs: ChildProcess[] = [];
  #ending = false;
  #killed = false;

  static async start(parts: TrafficParts): Promise<Traffic> {
    const traffic = new Traffic();
    const kinds = ways.flatMap((way) => styles.map((style) => ({ way, style })));
    // Before the first program reads: a file that is written again is empty for a moment.
    const lists = {
      shim: await writeTargets(parts, "shim"),
      plain: await writeTargets(parts, "plain"),
    };
    for (const [index, { way, style }] of kinds.entries()) {
      const workers = share(parts.clients, kinds.length, index);
      if (workers === 0) continue;
      const name = `${way}, ${style}`;
      const seed = String(parts.seed + index);
      const command = [built("client"), lists[way], String(workers), style, String(giveUpMs), seed];
      const under = way === "shim" ? [process.execPath, parts.im, "run", "--"] : [];
      traffic.#launch([...under, ...command], name, parts);
    }
    return traffic;
  }

  /** Every client finishes what it has begun, and ends. */
  async finish(): Promise<void> {
    this.#ending = true;
    const ends = this.#programs.map((program) =>
      program.exitCode === null && program.signalCode === null ? once(program, "close") : null,
    );
    for (const program of this.#programs) program.stdin?.end();
    // One that does not end is a hang that it cannot tell of any more.
    const timer = setTimeout(() => this.#endAll(), giveUpMs + 10_000);
    await Promise.all(ends);
    clearTimeout(timer);
  }

  /** Whatever they are at: what they do not tell any more is nobody's fault. */
  kill(): void {
    this.#killed = true;
    this.#endAll();
  }

  #endAll(): void {
    for (const { pid } of this.#programs) if (pid !== undefined) endGroup(pid);
  }

  #launch(command: readonly string[], name: string, parts: TrafficParts): void {
    const [file = "", ...parameters] = command;
    const { environment: env } = parts;
    // A group of its own: what `im run` has started is ended with it.
    const child = spawn(file, parameters, { env, detached: true });
    let complaints = "";
    child.stderr?.on("data", (data) => {
      complaints = `${complaints}${String(data)}`.slice(-2000);
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (text) => {
        parts.onConnect(readConnect(text, name));
      });
    }
    child.once("error", (error) => parts.onLost(`client (${name}): ${error.message}`));
    child.once("close", (code, signal) => {
      if (this.#killed || (this.#ending && code === 0)) return;
      parts.onLost(`client (${name}) ended with ${signal ?? code} ${complaints}`);
    });
    this.#programs.push(child);
  }
}

async function writeTargets(parts: TrafficParts, way: (typeof ways)[number]): Promise<string> {
  const lines = parts.hosts.map(({ name, port, dialect }) => {
    const where = way === "shim" ? name : parts.addresses.get(name);
    return `${name} ${where} ${port} ${dialect}\n`;
  });
  const path = join(parts.directory, `targets-${way}`);
  await writeFile(path, lines.join(""));
  return path;
}

/** The first programs take what cannot be divided. */
function share(total: number, parts: number, index: number): number {
  return Math.floor(total / parts) + (index < total % parts ? 1 : 0);
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: it has ended already.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
