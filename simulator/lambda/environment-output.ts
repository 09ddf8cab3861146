import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

const chunkBytes = 256 * 1024;
/** Above this much, what was taken already is removed when nobody writes. */
const trimBytes = 1024 * 1024;

/**
 * What the processes of one environment print: into a file that they write to without us between,
 * so that they go on when the engine dies. The engine takes out of it what each event printed.
 */
export class EnvironmentOutput {
  #taken: number;

  /** `taken`: bytes that an earlier engine has taken. */
  constructor(
    private readonly path: string,
    taken = 0,
  ) {
    this.#taken = taken;
  }

  get taken(): number {
    return this.#taken;
  }

  /** A descriptor for the processes; the caller closes its own. */
  open(): number {
    return openSync(this.path, "a", 0o600);
  }

  /** Everything that was printed since the last time, in pieces. */
  take(sink: (piece: Buffer) => void): void {
    const file = this.#open("r");
    if (file === null) return;
    try {
      const size = fstatSync(file).size;
      // Somebody emptied the file, to have room: what follows is new.
      if (size < this.#taken) this.#taken = 0;
      while (this.#taken < size) {
        const piece = Buffer.alloc(Math.min(chunkBytes, size - this.#taken));
        const bytes = readSync(file, piece, 0, piece.length, this.#taken);
        if (bytes === 0) return;
        this.#taken += bytes;
        sink(piece.subarray(0, bytes));
      }
    } finally {
      closeSync(file);
    }
  }

  /** Only while nothing of the environment runs: what would be written in between was lost. */
  trim(): void {
    if (this.#taken < trimBytes) return;
    const file = this.#open("r+");
    if (file === null) return;
    try {
      if (fstatSync(file).size !== this.#taken) return;
      ftruncateSync(file);
      this.#taken = 0;
    } finally {
      closeSync(file);
    }
  }

  #open(flags: "r" | "r+"): number | null {
    try {
      return openSync(this.path, flags);
    } catch {
      // It has not got as far as having one, or descriptors are short: then later.
      return null;
    }
  }
}
