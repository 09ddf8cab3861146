import { dirname, join, normalize } from "node:path";
import { type Finding, findInCode, lineOf, type SourceFile } from "./source-files.js";

export const lineLengthMax = 100;
export const fileLinesMax = 300;
export const functionLinesMax = 60;

export function findLongLines(file: SourceFile): readonly Finding[] {
  return file.text.split("\n").flatMap((line, index) => {
    const { length } = [...line];
    if (length <= lineLengthMax) return [];
    return [{ file: file.path, line: index + 1, what: `${length} characters in a line` }];
  });
}

export function findLongFile(file: SourceFile): readonly Finding[] {
  const lines = file.text.replace(/\n$/, "").split("\n").length;
  return lines <= fileLinesMax ? [] : [{ file: file.path, line: 1, what: `${lines} lines` }];
}

/**
 * Blocks that follow a parameter list (`) {`, `): Type {`, `=> {`) and are not inside another one,
 * taken as functions; bodies of classes, objects and namespaces do not count.
 */
export function findLongFunctions(file: SourceFile): readonly Finding[] {
  const findings: Finding[] = [];
  const open: { readonly offset: number; readonly isFunction: boolean }[] = [];
  for (const match of file.code.matchAll(/[{}]/g)) {
    if (match[0] === "{") {
      open.push({ offset: match.index, isFunction: beginsFunction(file.code, match.index) });
      continue;
    }
    const block = open.pop();
    if (block === undefined || !block.isFunction) continue;
    if (open.some((outer) => outer.isFunction)) continue;
    const first = lineOf(file.code, headStart(file.code, block.offset));
    const lines = lineOf(file.code, match.index) - first + 1;
    if (lines <= functionLinesMax) continue;
    findings.push({ file: file.path, line: first, what: `a function of ${lines} lines` });
  }
  return findings;
}

function beginsFunction(code: string, brace: number): boolean {
  const head = code.slice(headStart(code, brace), brace);
  if (/(?:^|[^\w.])(?:if|for|while|switch|catch|class|interface)\b[^;]*$/.test(head)) return false;
  return /=>\s*$/.test(head) || /\)\s*(?::[^;=]*)?$/.test(head);
}

/** Start of the statement or member that the brace belongs to. */
function headStart(code: string, brace: number): number {
  let depth = 0;
  for (let index = brace - 1; index >= 0; index -= 1) {
    const character = code.charAt(index);
    if (character === "}" && depth === 0 && endsType(code, index)) {
      index = code.lastIndexOf("{", index);
      continue;
    }
    if (character === ")") depth += 1;
    if (character === "(") depth -= 1;
    const isBoundary = character === ";" || character === "{" || character === "}";
    if (depth < 0 || (depth === 0 && isBoundary)) return skipBlanks(code, index + 1);
  }
  return skipBlanks(code, 0);
}

/** `): Promise<{…}> {`, `): {…} {`: a brace that belongs to the type in a head. */
function endsType(code: string, brace: number): boolean {
  return /^\}\s*[>|&[{]/.test(code.slice(brace, brace + 20));
}

function skipBlanks(code: string, start: number): number {
  const offset = code.slice(start).search(/\S/);
  return offset < 0 ? start : start + offset;
}

/** One concept a file, in kebab-case; nothing is called after being useful. */
export function findBadName(file: SourceFile): readonly Finding[] {
  const name = file.path.split("/").at(-1) ?? "";
  const isKebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:d|test|property\.test))?\.[a-z]+$/.test(name);
  if (!isKebab) return [{ file: file.path, line: 1, what: "a name that is not kebab-case" }];
  const isVague = /^(?:utils?|helpers?|common|misc)\b/.test(name);
  return isVague ? [{ file: file.path, line: 1, what: "a name that says nothing" }] : [];
}

export function findEmptyCatches(file: SourceFile): readonly Finding[] {
  const inCatch = /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}/g;
  const inPromise = /\.catch\(\s*(?:\([^)]*\)|\w+)\s*=>\s*\{\s*\}\s*\)/g;
  return [inCatch, inPromise].flatMap((pattern) =>
    findInCode(file, pattern, () => "an empty catch").filter(
      (finding) => !isExplained(file, finding),
    ),
  );
}

/** A tolerated error is named, with the reason beside it: in the line or the block. */
function isExplained(file: SourceFile, finding: Finding): boolean {
  const lines = file.text.split("\n").slice(finding.line - 1, finding.line + 3);
  const block = lines.join("\n");
  return /catch\s*(?:\([^)]*\))?\s*\{\s*\/[/*]/.test(block) || /=>\s*\{\s*\/[/*]/.test(block);
}

export function findForbiddenTypes(file: SourceFile): readonly Finding[] {
  return findInCode(file, /\bas\s+any\b|:\s*any\b|<any>/g, (match) => `\`${match}\``);
}

/** Where the world may be read directly: configuration, adapters, and what is none of the core. */
const worldly = [
  /-adapter\.ts$/,
  /^platform\/daemon\/configuration\.ts$/,
  /^(?:platform\/cli|host-runtime|simulator(?!\/world)|scripts|bench)\//,
];
const world = [
  /\bprocess\.(?:env|hrtime)\b/g,
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/g,
  /\bMath\.random\b/g,
  /(?<![.\w#])set(?:Timeout|Interval)\(/g,
];

export function findWorldAccess(file: SourceFile): readonly Finding[] {
  if (worldly.some((pattern) => pattern.test(file.path))) return [];
  const rule = "outside adapters and configuration";
  const timers = [...file.text.matchAll(/from "(node:timers[^"]*)"/g)].map((match) => ({
    file: file.path,
    line: lineOf(file.text, match.index),
    what: `${match[1]} ${rule}`,
  }));
  const calls = world
    .flatMap((pattern) => findInCode(file, pattern, (match) => `\`${match}\` ${rule}`))
    .filter(({ line }) => !isDeclaration(file, line));
  return [...timers, ...calls];
}

/** `setTimeout(callback: …): TimerHandle;` of a port is the way round the rule, not a breach. */
function isDeclaration(file: SourceFile, line: number): boolean {
  return /^\s*set(?:Timeout|Interval)\(\w+:/.test(file.code.split("\n")[line - 1] ?? "");
}

export interface Import {
  readonly from: string;
  /** Relative to the root of the repository. */
  readonly to: string;
  readonly line: number;
}

/** Imports of the repository's own files; the path is a literal, so the text is searched. */
export function ownImports(file: SourceFile): readonly Import[] {
  const pattern = /(?:\bfrom|\bimport\(|^import)\s*"(\.[^"]+)"/gm;
  return [...file.text.matchAll(pattern)].map((match) => ({
    from: file.path,
    to: normalize(join(dirname(file.path), match[1] ?? "")),
    line: lineOf(file.text, match.index),
  }));
}
