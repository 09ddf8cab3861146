/** What happened, as lines for people and as one hash that tells two histories apart. */
import { textHash } from "./generator.js";
import type { Timeline } from "./timeline.js";

export class Trace {
  readonly lines: string[] = [];
  readonly #timeline: Timeline;
  readonly #keeps: boolean;
  #hash = 0x811c9dc5;
  #length = 0;

  constructor(timeline: Timeline, keeps: boolean) {
    this.#timeline = timeline;
    this.#keeps = keeps;
  }

  /** `who`: `node-2`, `store`, `cloud`; `what`: a sentence without a full stop. */
  note(who: string, what: string): void {
    const { nowMs } = this.#timeline;
    this.#length += 1;
    this.#hash = textHash(what, textHash(who, this.#hash ^ Math.round(nowMs * 1000)));
    if (!this.#keeps) return;
    const seconds = (nowMs / 1000).toFixed(4).padStart(10);
    this.lines.push(`${seconds}  ${who.padEnd(12)} ${what}`);
  }

  get hash(): string {
    return `${(this.#hash >>> 0).toString(16).padStart(8, "0")}-${this.#length}`;
  }
}
