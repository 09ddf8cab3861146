/** Programs under the shim, and the test's own supervisor (test/fixtures/shim/supervisor.py). */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { z } from "zod";
import { shimFiles } from "../../shim/index.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const fixture = (name: string): string => join(root, "test/fixtures/shim", name);
export const program = (name: string): string => join(root, "build/fixtures", name);

const happening = z.looseObject({
  event: z.string(),
  id: z.string().optional(),
  type: z.string().optional(),
  address: z.string().optional(),
  port: z.number().optional(),
  flags: z.array(z.string()).optional(),
  text: z.string().optional(),
  code: z.number().optional(),
  value: z.number().optional(),
  pid: z.number().optional(),
});
export type Happening = z.infer<typeof happening>;

export interface Program {
  readonly id: string;
  readonly argv: readonly string[];
  readonly host?: string;
  /** Path of the name table, where it is not the true one. */
  readonly table?: string;
}

function present(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

/** `test.serial`, skipped by name where the machine lacks what the test runs. */
export const withPython = present("python3") ? test.serial : test.serial.skip;
export const withRedis = present("redis-server") ? withPython : test.serial.skip;

export class Guests {
  readonly history: Happening[] = [];
  private readonly waiting = new Set<() => void>();
  private ended = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly scratch: string,
  ) {
    if (child.stdout === null) throw new Error("the supervisor has no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.history.push(happening.parse(JSON.parse(line)));
      for (const look of [...this.waiting]) look();
    });
    child.on("exit", () => {
      this.ended = true;
      for (const look of [...this.waiting]) look();
    });
  }

  static async start(t: ExecutionContext): Promise<Guests> {
    const scratch = await mkdtemp(join(tmpdir(), "im-shim-"));
    const child = spawn("python3", [fixture("supervisor.py"), shimFiles.preload, scratch], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const guests = new Guests(child, scratch);
    t.teardown(() => guests.end());
    return guests;
  }

  private async end(): Promise<void> {
    this.child.stdin?.end();
    if (!this.ended) await new Promise((resolve) => this.child.once("exit", resolve));
    await rm(this.scratch, { recursive: true, force: true });
  }

  tell(command: object): void {
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** The first event from `since` on that fits. */
  happens(fits: (event: Happening) => boolean, since = 0): Promise<Happening> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.history.slice(since).find(fits);
        if (found === undefined && !this.ended) return;
        this.waiting.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`supervisor ended; it had said ${JSON.stringify(this.history)}`));
      };
      this.waiting.add(look);
      look();
    });
  }

  async host(name: string, ports: readonly number[], more: object = {}): Promise<string> {
    this.tell({ do: "host", name, ports, ...more });
    const { address } = await this.happens((e) => e.event === "host" && e["name"] === name);
    return address ?? "";
  }

  async policy(name: string, port: number, answer: string | number): Promise<void> {
    const since = this.history.length;
    this.tell({ do: "policy", name, port, answer });
    await this.happens((e) => e.event === "policy", since);
  }

  start(run: Program): void {
    this.tell({ do: "spawn", ...run });
  }

  request(id: string, type: string, since = 0): Promise<Happening> {
    return this.happens((e) => e.event === "request" && e.id === id && e.type === type, since);
  }

  requests(id: string): readonly string[] {
    return this.history.flatMap((e) =>
      e.event === "request" && e.id === id ? [e.type ?? ""] : [],
    );
  }

  output(id: string): string {
    return this.history
      .map((e) => (e.event === "output" && e.id === id ? (e.text ?? "") : ""))
      .join("");
  }

  prints(id: string, text: string): Promise<Happening> {
    return this.happens((e) => e.id === id && this.output(id).includes(text));
  }

  async exits(
    id: string,
  ): Promise<{ readonly code: number | undefined; readonly lines: string[] }> {
    const { code } = await this.happens((e) => e.event === "exit" && e.id === id);
    return { code, lines: this.output(id).trimEnd().split("\n") };
  }

  /** Runs a program to its end and returns the lines that it printed. */
  async lines(run: Program): Promise<string[]> {
    this.start(run);
    return (await this.exits(run.id)).lines;
  }

  async kill(id: string, signal = "SIGKILL"): Promise<void> {
    this.tell({ do: "kill", id, signal });
    await this.exits(id);
  }
}

/** A connection of the test itself, without a shim; what it sends is sent at once. */
export function dial(t: ExecutionContext, address: string, port: number, send: string): Socket {
  const socket = connect({ host: address, port });
  socket.on("error", () => undefined);
  socket.write(send);
  t.teardown(() => socket.destroy());
  return socket;
}

export function answered(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    socket.on("data", (data) => {
      all += data.toString();
      if (all.includes(text)) resolve(all);
    });
    socket.on("close", () => reject(new Error(`closed; it had said ${JSON.stringify(all)}`)));
  });
}
