import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

/** AWS keeps logs for ever; a machine's disk wants an end: one file, and one before it. */
const logBytesMax = 10 * 1024 * 1024;

/** A file that lines are appended to; a full one becomes `<path>.1`. */
export class LogFile {
  #descriptor: number;
  #bytes: number;

  constructor(
    private readonly path: string,
    private readonly bytesMax = logBytesMax,
  ) {
    this.#descriptor = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  line(text: string): void {
    this.append(Buffer.from(`${text}\n`));
  }

  append(bytes: Buffer): void {
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.bytesMax) this.#rotate();
      this.#bytes += writeSync(this.#descriptor, bytes);
    } catch {
      // A full disk must not end what the line speaks of; the line is lost.
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.path, "a", 0o600);
    this.#bytes = 0;
  }
}
