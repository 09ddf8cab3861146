/**
 * A file that lines are appended to. Writes are gathered while the disk is busy; whoever writes
 * asks `behind` and waits. A disk that refuses loses lines, never the guest: they are counted, and
 * a note says so as soon as something can be written again.
 */
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, report } from "./report.js";

export interface LogFileLimits {
  /** Size at which the file becomes `<path>.1`, in place of an older one. */
  readonly rotateBytes: number;
  /** Bytes that wait for the disk before writers have to wait. */
  readonly queueBytes: number;
}

export const logFileLimits: LogFileLimits = {
  rotateBytes: 10 * 1024 * 1024,
  queueBytes: 512 * 1024,
};

const newline = 0x0a;

export class LogFile {
  readonly #path: string;
  readonly #limits: LogFileLimits;
  /** Makes a line that tells of lost ones. */
  readonly #note: (text: string) => string;
  #queue: string[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | null = null;
  #file: FileHandle | null = null;
  #regular = false;
  #size = 0;
  #midLine = false;
  #lost: { lines: number; code: string } | null = null;
  readonly #onRoom: (() => void)[] = [];

  constructor(path: string, note: (text: string) => string, limits = logFileLimits) {
    this.#path = path;
    this.#note = note;
    this.#limits = limits;
  }

  /** Whole lines, one byte a character. */
  append(lines: string): void {
    if (lines === "") return;
    this.#queue.push(lines);
    this.#queuedBytes += lines.length;
    this.#writing ??= this.#drain();
  }

  get behind(): boolean {
    return this.#queuedBytes > this.#limits.queueBytes;
  }

  /** Calls back once, as soon as the disk has caught up. */
  whenRoom(callback: () => void): void {
    this.#onRoom.push(callback);
  }

  /** When all that was appended is written or lost for good. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  /** No line may be appended afterwards. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#lost !== null) await this.#write(Buffer.alloc(0));
    const file = this.#file;
    this.#file = null;
    try {
      await file?.close();
    } catch (error) {
      report("guest output may not be on the disk", { code: codeOf(error) });
    }
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = Buffer.from(this.#queue.join(""), "latin1");
      this.#queue = [];
      this.#queuedBytes = 0;
      for (const callback of this.#onRoom.splice(0)) callback();
      await this.#write(batch);
    }
    this.#writing = null;
  }

  async #write(batch: Buffer): Promise<void> {
    try {
      await this.#rotateFor(batch.length);
      this.#file ??= await this.#open();
    } catch (error) {
      this.#lose(batch, error);
      return;
    }
    await this.#writeWhole(this.#file, this.#repair(), batch);
  }

  async #writeWhole(file: FileHandle, repair: Buffer, batch: Buffer): Promise<void> {
    const bytes = repair.length === 0 ? batch : Buffer.concat([repair, batch]);
    let done = 0;
    try {
      while (done < bytes.length) {
        const { bytesWritten } = await file.write(bytes, done);
        done += bytesWritten;
        this.#size += bytesWritten;
      }
      this.#lost = null;
    } catch (error) {
      if (repair.length > 0 && done >= repair.length) this.#lost = null;
      this.#lose(bytes.subarray(Math.max(done, repair.length)), error);
    }
    if (done > 0) this.#midLine = bytes[done - 1] !== newline;
  }

  /** What has to stand before the next line when earlier ones were lost. */
  #repair(): Buffer {
    if (this.#lost === null) return Buffer.alloc(0);
    const note = this.#note(`${this.#lost.lines} lines lost: ${this.#lost.code}`);
    return Buffer.from(`${this.#midLine ? "\n" : ""}${note}`, "latin1");
  }

  #lose(bytes: Buffer, error: unknown): void {
    const code = codeOf(error) ?? "unknown error";
    if (this.#lost === null) report("guest output cannot be written", { code });
    let lines = this.#lost?.lines ?? 0;
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++;
    this.#lost = { lines, code };
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = await open(this.#path, "a", 0o600);
    const status = await file.stat();
    this.#regular = status.isFile();
    this.#size = status.size;
    return file;
  }

  async #rotateFor(bytes: number): Promise<void> {
    const full = this.#regular && this.#size > 0 && this.#size + bytes > this.#limits.rotateBytes;
    if (this.#file === null || !full) return;
    const old = this.#file;
    this.#file = null;
    await old.close();
    await rename(this.#path, `${this.#path}.1`);
  }
}
