import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { loadAddon, shimFiles } from "../../shim/index.js";

const addon = loadAddon();

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/init/${name}`, import.meta.url));
}

/** The message that starts a guest, as the host-runtime sends it. */
export function startMessage(
  command: readonly string[],
  environment: readonly string[] = ["PATH=/usr/bin:/bin"],
  directory = "/",
): Buffer {
  const strings = Buffer.from(
    [directory, ...command, ...environment].map((text) => `${text}\0`).join(""),
  );
  const head = Buffer.alloc(12);
  head.writeUInt32LE(strings.length + 8, 0);
  head.writeUInt32LE(command.length, 4);
  head.writeUInt32LE(environment.length, 8);
  return Buffer.concat([head, strings]);
}

/**
 * Lines of a stream, awaited one by one; null after the last. Reads from the start: what nobody
 * reads of a child process, Node throws away when that exits.
 */
class Lines {
  readonly #arrived: (string | null)[] = [];
  readonly #waiting: ((line: string | null) => void)[] = [];
  #rest = "";

  constructor(stream: Readable) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const parts = (this.#rest + text).split("\n");
      this.#rest = parts.pop() ?? "";
      for (const line of parts) this.#push(line);
    });
    stream.once("close", () => {
      if (this.#rest !== "") this.#push(this.#rest);
      this.#push(null);
    });
    // Of a connection that init left while something was on its way to it; "close" follows.
    stream.on("error", () => this.#push(null));
  }

  next(): Promise<string | null> {
    const line = this.#arrived.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #push(line: string | null): void {
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#arrived.push(line);
    else resolve(line);
  }
}

/** One im-init, with the test in the place of the host-runtime and of the supervisor. */
export class Session {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly status: Lines;
  readonly output: Lines;
  readonly errors: Lines;
  /** The supervisor's end of the guest's control descriptor. */
  readonly control: number;
  readonly #link: Duplex;

  constructor(t: ExecutionContext) {
    const [near, far] = addon.socketPair();
    this.control = near;
    this.process = spawn(shimFiles.init, [], { stdio: ["ignore", "pipe", "pipe", "pipe", far] });
    this.exited = once(this.process, "exit");
    addon.close(far);
    const [, output, errors, link] = this.process.stdio;
    this.#link = duplex(link);
    this.status = new Lines(this.#link);
    this.output = new Lines(duplex(output));
    this.errors = new Lines(duplex(errors));
    t.teardown(async () => {
      this.#link.destroy();
      await this.exited;
      addon.close(near);
    });
  }

  send(data: Buffer | string): void {
    this.#link.write(data);
  }

  /** Starts a guest, and returns its pid. */
  async start(...parameters: Parameters<typeof startMessage>): Promise<number> {
    this.send(startMessage(...parameters));
    const line = (await this.status.next()) ?? "nothing";
    const pid = /^started (\d+)$/.exec(line)?.[1];
    if (pid === undefined) throw new Error(`expected "started <pid>", received "${line}"`);
    return Number(pid);
  }

  /** As if the host-runtime had died. */
  hangUp(): void {
    this.#link.destroy();
  }
}

function duplex(stream: unknown): Duplex {
  if (stream === null || typeof stream !== "object" || !isDuplex(stream))
    throw new Error("expected a pipe");
  return stream;
}

function isDuplex(stream: object): stream is Duplex {
  return "read" in stream && "write" in stream;
}

/** False also for a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && /^(ENOENT|ESRCH)$/.test(String(error.code)))
      return false;
    throw error;
  }
}
