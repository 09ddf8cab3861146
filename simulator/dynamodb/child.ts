import assert from "node:assert";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { childMessage } from "./child-protocol.js";

export interface ChildOptions {
  /** Of the table's files; made if it is not there. */
  readonly directory: string;
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the process. */
  readonly program?: string;
  /** Of Node. Default: none. */
  readonly nodeFlags?: readonly string[];
}

export interface Child {
  readonly pid: number;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  /** Resolves when it has written everything and is gone. */
  close(): Promise<void>;
}

/** Why a process did not become ready. */
export class ChildFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "ChildFailure";
    this.code = code;
  }
}

/** Without a word. */
export const endedCode = "ended";
const closeGraceMs = 5000;
const serverPath = fileURLToPath(new URL("./server.js", import.meta.url));

/** Resolves when the process answers on its socket; rejects with `ChildFailure`. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { directory, socketPath, clock, log, program = serverPath, nodeFlags = [] } = options;
  const child = fork(program, [directory, socketPath], {
    // A group of its own: Ctrl-C on the terminal must not end it before its clients.
    detached: true,
    execArgv: [...nodeFlags],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const ended = endOf(child);
  logErrors(child, log);
  await ready(child, ended);
  const { pid } = child;
  assert(pid !== undefined, "a process that spoke has a pid");
  return { pid, ended, close: () => closeChild(child, ended, clock) };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      // Also emitted for a failed message or signal, when the process still runs.
      if (child.pid === undefined) resolve(error.message);
    });
    child.once("exit", (code, signal) => {
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
}

async function ready(child: ChildProcess, ended: Promise<string>): Promise<void> {
  const spoken = new Promise<void>((resolve, reject) => {
    child.once("message", (message) => {
      const parsed = childMessage.safeParse(message);
      if (!parsed.success) reject(new ChildFailure("message", "it said what nobody understands"));
      else if (parsed.data.type === "ready") resolve();
      else reject(new ChildFailure(parsed.data.code, parsed.data.message));
    });
  });
  const gone = ended.then(async (how) => {
    // Its last words may still be on the way.
    if (child.connected) await once(child, "disconnect");
    throw new ChildFailure(endedCode, `it ended before it was ready: ${how}`);
  });
  try {
    await Promise.race([spoken, gone]);
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    throw error;
  }
}

function logErrors(child: ChildProcess, log: Log): void {
  if (child.stderr === null) return;
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => log.warn({ line }, "dynamodb wrote to its standard error"));
}

async function closeChild(child: ChildProcess, ended: Promise<string>, clock: Clock) {
  if (child.connected) child.disconnect();
  const timer = clock.setTimeout(() => child.kill("SIGKILL"), closeGraceMs);
  await ended;
  clock.clearTimeout(timer);
}
