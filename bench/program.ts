/** A child process, its lines and its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";

export interface ProgramOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly directory?: string;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #ended: Promise<unknown>;
  #complaints = "";

  constructor(command: readonly string[], options: ProgramOptions = {}) {
    const [file = "", ...parameters] = command;
    // A group of its own: what it has started ends with it.
    this.#child = spawn(file, parameters, {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      env: options.environment ?? process.env,
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
    });
    this.#ended = once(this.#child, "close");
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error("a program without output");
    stderr.on("data", (text) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-2000);
    });
    // It ended before it read what it was told: the answer that is missing tells so.
    this.#child.stdin?.on("error", () => undefined);
    this.#reader = createInterface({ input: stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One command, one line of answer. */
  async ask(...words: readonly string[]): Promise<string> {
    this.#child.stdin?.write(`${words.join(" ")}\n`);
    return await this.line();
  }

  /** Rejects where there is none any more. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`no answer: ${this.#complaints.trim()}`);
    return value;
  }

  /** Nothing more is told; resolves with what it still said when it has ended. */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  /** It and all that it started, at once. */
  async kill(): Promise<void> {
    if (this.pid > 0 && this.#child.exitCode === null && this.#child.signalCode === null) {
      process.kill(-this.pid, "SIGKILL");
    }
    this.#reader.close();
    await this.#ended;
  }
}

/** Numbers of one line of the measuring client. */
export function numbers(line: string): readonly number[] {
  return line.trim().split(" ").map(Number);
}
