import { CST, Lexer } from "yaml";

/** A manifest needs six levels. */
export const nestingMax = 64;

/**
 * Offset of the first collection that is nested deeper than `nestingMax`, null where none is. The
 * composer of `yaml` recurses: text that is all brackets would exhaust its stack, or the heap.
 */
export function findTooDeep(text: string): number | null {
  const depth = new Depth();
  let offset = 0;
  let lineStart = 0;
  let isScalarText = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (isScalarText) {
      isScalarText = false;
      offset += lexeme.length;
      const newline = lexeme.lastIndexOf("\n");
      if (newline >= 0) lineStart = offset - lexeme.length + newline + 1;
      if (newline === lexeme.length - 1) depth.newLine();
      continue;
    }
    const type = CST.tokenType(lexeme);
    depth.see(type, offset - lineStart);
    if (depth.levels > nestingMax) return offset;
    if (type === "scalar") isScalarText = true;
    if (isControlCharacter(type)) continue;
    offset += lexeme.length;
    if (type === "newline") lineStart = offset;
  }
  return null;
}

/** Lexemes that stand for no character of the text. */
function isControlCharacter(type: CST.TokenType | null): boolean {
  return type === "scalar" || type === "doc-mode" || type === "flow-error-end";
}

class Depth {
  #flow = 0;
  /** Columns at which the open block collections begin. */
  readonly #columns: number[] = [];
  /** Column of the first thing behind the last newline or item indicator: that of a key. */
  #start: number | null = null;

  get levels(): number {
    return this.#flow + this.#columns.length;
  }

  newLine(): void {
    this.#start = null;
  }

  see(type: CST.TokenType | null, column: number): void {
    if (type === "newline") this.newLine();
    if (type === "newline" || type === "space" || type === "doc-mode" || type === "byte-order-mark")
      return;
    if (type === "flow-map-start" || type === "flow-seq-start") this.#flow += 1;
    if (type === "flow-map-end" || type === "flow-seq-end")
      this.#flow = Math.max(0, this.#flow - 1);
    if (this.#flow > 0) return;
    if (type === "seq-item-ind" || type === "explicit-key-ind") {
      this.#open(column);
      this.#start = null;
      return;
    }
    this.#start ??= column;
    if (type === "map-value-ind") this.#open(this.#start);
  }

  #open(column: number): void {
    while ((this.#columns.at(-1) ?? -1) >= column) this.#columns.pop();
    this.#columns.push(column);
  }
}
