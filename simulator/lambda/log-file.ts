import { closeSync, openSync, writeSync } from "node:fs";

/** A file that lines are appended to. Its descriptor can be given to a process as its output. */
export class LogFile {
  readonly descriptor: number;

  constructor(path: string) {
    this.descriptor = openSync(path, "a", 0o600);
  }

  line(text: string): void {
    try {
      writeSync(this.descriptor, `${text}\n`);
    } catch {
      // A full disk must not end what the line speaks of; the line is lost.
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
