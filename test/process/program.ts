/** A program that a test has started: its lines as they come, and how it ended. */
import { type ChildProcess, spawn } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #stdout = "";
  #stderr = "";
  #taken = 0;
  #over = false;

  constructor(command: readonly string[], environment: NodeJS.ProcessEnv, directory?: string) {
    const [file = "", ...parameters] = command;
    // A group of its own, so that all that it started can be ended with it.
    this.#child = spawn(file, parameters, { env: environment, cwd: directory, detached: true });
    this.#child.stdout?.on("data", (data) => {
      this.#stdout += String(data);
      this.#look();
    });
    this.#child.stderr?.on("data", (data) => {
      this.#stderr += String(data);
    });
    // A program that ended before it read its input.
    this.#child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        this.#over = true;
        this.#look();
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** End of its input. */
  finish(): Promise<Ended> {
    this.#child.stdin?.end();
    return this.ended;
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }

  /** It and everything that it started. */
  async killAll(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      // Nobody of the group is left: its last words are still to be read.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
    await this.ended;
  }

  /** The next line that was not taken yet; rejects when there will be none. */
  line(): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const end = this.#stdout.indexOf("\n", this.#taken);
        if (end < 0 && !this.#over) return;
        this.#waiting.delete(look);
        if (end < 0) {
          reject(new Error(`no further line after ${this.#stdout}${this.#stderr}`));
          return;
        }
        const line = this.#stdout.slice(this.#taken, end);
        this.#taken = end + 1;
        resolve(line);
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    // In the order of the calls: the first that waits takes the first line.
    for (const look of [...this.#waiting]) look();
  }
}
