/**
 * Reads a host's log, as host-runtime writes it: appended to, and at 10 MB renamed to `<file>.1`
 * while a new one begins.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

type Sink = (chunk: Buffer) => void;

const chunkBytes = 64 * 1024;
/**
 * Events of the directory tell when to look; this is for what they cannot tell: a directory that
 * does not exist yet, a machine that is out of inotify watches.
 */
const lookMs = 500;

/** What is there, the older file first. */
export function readLog(file: string, sink: Sink): void {
  for (const part of [`${file}.1`, file]) {
    const reader = OpenLog.at(part);
    reader?.drain(sink);
    reader?.close();
  }
}

/** What is there and what is written from then on, until the signal. The file may come later. */
export function followLog(file: string, sink: Sink, signal: AbortSignal): Promise<void> {
  const older = OpenLog.at(`${file}.1`);
  older?.drain(sink);
  older?.close();
  let current = OpenLog.at(file);
  const look = (): void => {
    current?.drain(sink);
    if (current?.isAt(file)) return;
    // Renamed: it was read to its end above, and its writer has gone on to the next.
    current?.drain(sink);
    current?.close();
    current = OpenLog.at(file);
    current?.drain(sink);
  };
  look();
  return new Promise((resolve) => {
    const changes = new Changes(dirname(file), look);
    signal.addEventListener(
      "abort",
      () => {
        // The last words may have come after the last look.
        look();
        changes.close();
        current?.close();
        resolve();
      },
      { once: true },
    );
  });
}

class OpenLog {
  readonly #descriptor: number;
  #offset = 0;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  static at(file: string): OpenLog | null {
    try {
      return new OpenLog(openSync(file, "r"));
    } catch (error) {
      // A host that never ran has no log yet.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw error;
    }
  }

  drain(sink: Sink): void {
    if (fstatSync(this.#descriptor).size < this.#offset) this.#offset = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const bytes = readSync(this.#descriptor, chunk, 0, chunkBytes, this.#offset);
      if (bytes === 0) return;
      this.#offset += bytes;
      sink(chunk.subarray(0, bytes));
    }
  }

  /** The path still leads here, or nowhere (between the two steps of a rotation). */
  isAt(file: string): boolean {
    const there = statSync(file, { throwIfNoEntry: false });
    return there === undefined || there.ino === fstatSync(this.#descriptor).ino;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

class Changes {
  readonly #timer: NodeJS.Timeout;
  #watcher: ReturnType<typeof watch> | null = null;

  constructor(directory: string, onChange: () => void) {
    const attempt = (): void => {
      if (this.#watcher === null && existsSync(directory)) {
        this.#watcher = this.#watch(directory, onChange);
      }
      onChange();
    };
    attempt();
    this.#timer = setInterval(attempt, lookMs);
  }

  #watch(directory: string, onChange: () => void): ReturnType<typeof watch> | null {
    try {
      const watcher = watch(directory, onChange);
      watcher.on("error", () => {
        watcher.close();
        this.#watcher = null;
      });
      return watcher;
    } catch (error) {
      // No watch to be had (ENOSPC): the timer alone has to do.
      if (error instanceof Error && "code" in error) return null;
      throw error;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
  }
}
