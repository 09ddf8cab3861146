/**
 * The guest's output on its way into the log:
 * `<ISO time> <incarnation> <out|err|im> <line>`. `im` marks lines of the host-runtime itself.
 */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { LineSplitter } from "./line-splitter.js";
import { LogFile } from "./log-file.js";
import { codeOf, report } from "./report.js";

type Source = "out" | "err" | "im";

/** For a stream that somebody outside the tree still holds open, and for a disk that hangs. */
const finishMs = 5000;

export class OutputRelay {
  readonly #incarnation: number;
  readonly #log: LogFile;
  readonly #ends: Promise<void>[] = [];
  readonly #streams: Socket[] = [];

  constructor(incarnation: number, logFile: string) {
    this.#incarnation = incarnation;
    this.#log = new LogFile(logFile, (text) => `${this.#prefix("im")}${text}\n`);
  }

  carry(stream: Socket, source: "out" | "err"): void {
    // A guest that wrote nothing and ended at once: `close` has been and will not come again.
    if (stream.closed) return;
    const splitter = new LineSplitter();
    this.#streams.push(stream);
    stream.on("data", (chunk: Buffer) => {
      this.#log.append(splitter.push(chunk, this.#prefix(source)));
      if (!this.#log.behind) return;
      // The guest blocks in its write, as it would with a slow terminal.
      stream.pause();
      this.#log.whenRoom(() => stream.resume());
    });
    stream.on("error", (error) => report("output stream", { source, code: codeOf(error) }));
    const ended = new Promise<void>((resolve) => {
      stream.once("close", () => {
        this.#log.append(splitter.end(this.#prefix(source)));
        resolve();
      });
    });
    this.#ends.push(ended);
  }

  /** A line of the host-runtime itself. */
  mark(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a name must not begin a line
    const line = Buffer.from(text.replace(/[\x00-\x1f]/g, "?")).toString("latin1");
    this.#log.append(`${this.#prefix("im")}${line}\n`);
  }

  /** After the guest's end: when everything that it wrote is in the file. `last` comes last. */
  async finish(last: string): Promise<void> {
    const giveUp = new AbortController();
    const deadline = delay(finishMs, undefined, { signal: giveUp.signal }).catch(() => undefined);
    await Promise.race([this.#finish(last), deadline]);
    giveUp.abort();
  }

  async #finish(last: string): Promise<void> {
    const late = setTimeout(() => {
      for (const stream of this.#streams) stream.destroy();
    }, finishMs / 2);
    await Promise.all(this.#ends);
    clearTimeout(late);
    this.mark(last);
    await this.#log.close();
  }

  #prefix(source: Source): string {
    return `${new Date().toISOString()} ${this.#incarnation} ${source} `;
  }
}
