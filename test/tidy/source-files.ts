import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { maskSource } from "./mask.js";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What a rule has to say about one line of a file. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

export interface SourceFile {
  /** Relative to the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The same length and lines, with everything in comments and literals blanked out. */
  readonly code: string;
}

const extensions = /\.(?:ts|mjs|c|h|sh|mk)$/;

/** Sources under the folders given, those that do not exist (yet) being empty. */
export function sourceFiles(folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    listFiles(join(root, folder)).map((file) => {
      const text = readFileSync(file, "utf8");
      const path = relative(root, file);
      const isMaskable = /\.(?:ts|mjs|c|h)$/.test(path);
      return { path, text, code: isMaskable ? maskSource(text, /\.[ch]$/.test(path)) : text };
    }),
  );
}

function listFiles(folder: string): readonly string[] {
  return listEntries(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : listFiles(path);
    return entry.isFile() && extensions.test(entry.name) ? [path] : [];
  });
}

function listEntries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // A folder of the layout that nobody has filled.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Every match of a pattern in the code, comments and literals left out. */
export function findInCode(
  file: SourceFile,
  pattern: RegExp,
  describe: (match: string) => string,
): readonly Finding[] {
  return [...file.code.matchAll(pattern)].map((match) => ({
    file: file.path,
    line: lineOf(file.code, match.index),
    what: describe(match[0].trim()),
  }));
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
