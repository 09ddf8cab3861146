import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { isShortage } from "./shortage.js";

/** AWS keeps logs for ever; a machine's disk wants an end: one file, and one before it. */
const logBytesMax = 10 * 1024 * 1024;

/** A file that lines are appended to; a full one becomes `<path>.1`. */
export class LogFile {
  /** null: it is opened for the next line, there may be descriptors then. */
  #descriptor: number | null = null;
  #bytes = 0;

  constructor(
    private readonly path: string,
    private readonly bytesMax = logBytesMax,
  ) {
    try {
      this.#open();
    } catch (error) {
      if (!isShortage(error)) throw error;
    }
  }

  line(text: string): void {
    this.append(Buffer.from(`${text}\n`));
  }

  append(bytes: Buffer): void {
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.bytesMax) this.#rotate();
      const written = writeSync(this.#descriptor ?? this.#open(), bytes);
      this.#bytes += written;
    } catch {
      // A full disk must not end what the line speaks of; the line is lost.
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): number {
    const descriptor = openSync(this.path, "a", 0o600);
    this.#descriptor = descriptor;
    this.#bytes = fstatSync(descriptor).size;
    return descriptor;
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    this.close();
    this.#bytes = 0;
  }
}
