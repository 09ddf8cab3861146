/**
 * The embedded DynamoDB: dynalite in a process of its own, on disk, on a Unix socket. A full disk
 * or a client that dies midway ends that process; it is started again, and clients repeat.
 */
import { rm } from "node:fs/promises";
import { ImError } from "../../platform/errors/im-error.js";
import { type BackOffRange, backOffMs } from "../../platform/membership/back-off.js";
import type { Random } from "../../platform/ports/random.js";
import { type Child, ChildFailure, type ChildOptions, endedCode, startChild } from "./child.js";
import { lockedCode } from "./child-protocol.js";

export interface DynamoDbOptions extends ChildOptions {
  readonly random: Random;
  /** How long a directory may still be held by a process that is ending. Default 3 s. */
  readonly lockWaitMs?: number;
}

/** A process that ended without a word, killed most likely, is started again so often. */
const silentEndsMax = 3;
const restartRange: BackOffRange = { firstMs: 20, longestMs: 2000 };

/** Rejects with `ImError` IM_STORE_FAILED, also when another process has the directory. */
export async function startDynamoDb(options: DynamoDbOptions): Promise<EmbeddedDynamoDb> {
  return new EmbeddedDynamoDb(options, await firstChild(options));
}

async function firstChild(options: DynamoDbOptions): Promise<Child> {
  const { clock, random, directory, lockWaitMs = 3000 } = options;
  const endMs = clock.monotonicMs() + lockWaitMs;
  let silentEnds = 0;
  for (let round = 0; ; round += 1) {
    try {
      return await startChild(options);
    } catch (error) {
      if (!(error instanceof ChildFailure)) throw error;
      const leftMs = endMs - clock.monotonicMs();
      const locked = error.code === lockedCode && leftMs > 0;
      const silent = error.code === endedCode && ++silentEnds <= silentEndsMax;
      if (!locked && !silent) throw startFailed(directory, error);
      const delayMs = Math.min(Math.max(0, leftMs), backOffMs(round, restartRange, random));
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, delayMs);
      });
    }
  }
}

function startFailed(directory: string, cause: ChildFailure): ImError {
  if (cause.code === lockedCode) {
    return new ImError("IM_STORE_FAILED", {
      what: `another process has the table in ${directory} open`,
      fix: "end that process (`im down --all`), or set another IM_HOME",
      cause,
    });
  }
  return new ImError("IM_STORE_FAILED", {
    what: `the embedded DynamoDB did not start in ${directory}`,
    received: `${cause.code}: ${cause.message}`,
    cause,
  });
}

/** The process and its successors, until `close`. */
export class EmbeddedDynamoDb {
  readonly #options: DynamoDbOptions;
  readonly #listeners = new Set<(pid: number) => void>();
  readonly #watch: Promise<void>;
  #child: Child | null;
  #closing = false;
  #endPause: () => void = () => {};

  constructor(options: DynamoDbOptions, child: Child) {
    this.#options = options;
    this.#child = child;
    this.#watch = this.#keep(child);
  }

  /** Null between an end and the start that follows it. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Called with the pid of each successor once it answers. */
  onRestart(listener: (pid: number) => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when everything is on disk, the process is gone and its socket removed. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#endPause();
    await this.#child?.close();
    await this.#watch;
    await rm(this.#options.socketPath, { force: true });
  }

  async #keep(first: Child): Promise<void> {
    let child: Child | null = first;
    while (child !== null) {
      const how = await child.ended;
      this.#child = null;
      if (this.#closing) return;
      this.#options.log.warn({ pid: child.pid, how }, "dynamodb ended; starting it again");
      child = await this.#successor();
    }
  }

  /** Tries until it succeeds: a disk may have room again. Null once closing. */
  async #successor(): Promise<Child | null> {
    for (let round = 0; ; round += 1) {
      await this.#pause(backOffMs(round, restartRange, this.#options.random));
      if (this.#closing) return null;
      try {
        const child = await startChild(this.#options);
        return await this.#install(child);
      } catch (error) {
        if (!(error instanceof ChildFailure)) throw error;
        this.#options.log.error({ code: error.code, reason: error.message }, "dynamodb is down");
      }
    }
  }

  async #install(child: Child): Promise<Child | null> {
    if (this.#closing) {
      await child.close();
      return null;
    }
    this.#child = child;
    for (const listener of this.#listeners) listener(child.pid);
    return child;
  }

  #pause(delayMs: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, delayMs);
      this.#endPause = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }
}
