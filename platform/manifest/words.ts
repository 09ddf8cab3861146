/**
 * Splits a command line into words by the quoting rules of POSIX sh (XCU 2.2), without expansion:
 * `$`, `*`, `~` and operators are ordinary characters.
 */
export type SplitWords =
  | { readonly words: readonly string[] }
  | { readonly unfinished: "single quote" | "double quote" | "backslash" };

const escapableInDoubleQuotes = new Set(["$", "`", '"', "\\"]);
const blank = new Set([" ", "\t", "\n"]);

interface Piece {
  readonly text: string;
  /** Index behind the piece. */
  readonly end: number;
}

export function splitWords(line: string): SplitWords {
  const words: string[] = [];
  let word: string | null = null;
  let index = 0;
  while (index < line.length) {
    const character = line.charAt(index);
    if (blank.has(character)) {
      if (word !== null) words.push(word);
      word = null;
      index += 1;
      continue;
    }
    // A line continuation vanishes without starting a word.
    if (character === "\\" && line.charAt(index + 1) === "\n") {
      index += 2;
      continue;
    }
    const piece = readPiece(line, index);
    if (typeof piece === "string") return { unfinished: piece };
    word = (word ?? "") + piece.text;
    index = piece.end;
  }
  if (word !== null) words.push(word);
  return { words };
}

function readPiece(line: string, start: number) {
  switch (line.charAt(start)) {
    case "'":
      return readSingleQuoted(line, start + 1);
    case '"':
      return readDoubleQuoted(line, start + 1);
    case "\\":
      if (start + 1 === line.length) return "backslash" as const;
      return { text: line.charAt(start + 1), end: start + 2 } satisfies Piece;
    default:
      return { text: line.charAt(start), end: start + 1 } satisfies Piece;
  }
}

function readSingleQuoted(line: string, start: number): Piece | "single quote" {
  const close = line.indexOf("'", start);
  return close < 0 ? "single quote" : { text: line.slice(start, close), end: close + 1 };
}

function readDoubleQuoted(line: string, start: number): Piece | "double quote" {
  let text = "";
  for (let index = start; index < line.length; index += 1) {
    const character = line.charAt(index);
    if (character === '"') return { text, end: index + 1 };
    const next = line.charAt(index + 1);
    if (character === "\\" && escapableInDoubleQuotes.has(next)) {
      text += next;
      index += 1;
    } else if (character === "\\" && next === "\n") {
      index += 1;
    } else {
      text += character;
    }
  }
  return "double quote";
}

/** The inverse: a line that splits into exactly these words. */
export function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

function quoteWord(word: string): string {
  if (/^[\w%+,./:=@-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
