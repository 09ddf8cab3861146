/**
 * Cuts a byte stream into lines and puts a prefix before each. Bytes travel as latin1 strings: one
 * character a byte, so that output that is not UTF-8 stays as it is.
 */
export const lineBytesMax = 16 * 1024;

export class LineSplitter {
  #partial = "";

  /** Whole lines of all that has arrived; the rest of the last one is kept for later. */
  push(chunk: Buffer, prefix: string): string {
    const lines = (this.#partial + chunk.toString("latin1")).split("\n");
    this.#partial = lines.pop() ?? "";
    const whole = lines.flatMap((line) => (line.length > lineBytesMax ? cut(line) : [line]));
    while (this.#partial.length > lineBytesMax) {
      const end = cutPlace(this.#partial, 0);
      whole.push(this.#partial.slice(0, end));
      this.#partial = this.#partial.slice(end);
    }
    return whole.map((line) => `${prefix}${line}\n`).join("");
  }

  /** The last line of a stream that ended without a newline. */
  end(prefix: string): string {
    const last = this.#partial === "" ? "" : `${prefix}${this.#partial}\n`;
    this.#partial = "";
    return last;
  }
}

function cut(line: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < line.length; ) {
    const end = cutPlace(line, start);
    parts.push(line.slice(start, end));
    start = end;
  }
  return parts;
}

/** Where the part that begins at `start` ends: never inside a UTF-8 character (4 bytes at most). */
function cutPlace(line: string, start: number): number {
  const end = start + lineBytesMax;
  if (end >= line.length) return line.length;
  for (let place = end; place > end - 4; place--) {
    if ((line.charCodeAt(place) & 0xc0) !== 0x80) return place;
  }
  return end;
}
