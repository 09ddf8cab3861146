import type { ErrorCode } from "../errors/catalogue.js";

export type Path = readonly (string | number)[];

/** Where a mistake is: in the text, or at a key or a value of the manifest. */
export type Where =
  | { readonly offset: number }
  | { readonly path: Path; readonly at: "key" | "value" };

/** One mistake, before its line and column are known. */
export interface Problem {
  readonly code: ErrorCode;
  readonly where: Where;
  readonly what: string;
  readonly expected: string;
  readonly received: string;
  readonly fix: string;
}

/** The usual mistake: a value that is not allowed. */
export function invalidAt(
  path: Path,
  text: Pick<Problem, "what" | "expected" | "received" | "fix">,
): Problem {
  return { code: "IM_MANIFEST_INVALID", where: { path, at: "value" }, ...text };
}

/** A key that must not be there, or whose name is wrong. */
export function invalidKeyAt(
  path: Path,
  text: Pick<Problem, "what" | "expected" | "received" | "fix">,
): Problem {
  return { code: "IM_MANIFEST_INVALID", where: { path, at: "key" }, ...text };
}

const shownMax = 60;

/** "`idle.after` of host `web`": a path in the words of the manifest's author. */
export function describePath(path: Path): string {
  const [section, name, ...rest] = path;
  if (section === undefined) return "the manifest";
  if (section === "hosts" && name !== undefined) {
    const host = `host \`${nameOnly(String(name))}\``;
    return rest.length === 0 ? host : `\`${joinKeys(rest)}\` of ${host}`;
  }
  if (section === "defaults" && name !== undefined) {
    return `\`${joinKeys([name, ...rest])}\` in \`defaults\``;
  }
  return `\`${joinKeys(path)}\``;
}

/** A key such as `TOKEN=secret:` was meant to be a variable: its value is not repeated. */
export function nameOnly(key: string): string {
  const name = key.replace(/=.*$/s, "=…");
  return name.length > shownMax ? `${name.slice(0, shownMax)}…` : name;
}

function joinKeys(keys: Path): string {
  return keys.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? nameOnly(key) : `${text}.${nameOnly(key)}`;
  }, "");
}

/**
 * What was written, for the `received` of an error. Values of `environment` may be secrets: of
 * those only the type is told.
 */
export function describeReceived(value: unknown, path: Path): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const type = typeof value === "string" ? "text" : typeof value;
  if (path.includes("environment")) return `a ${type}, not shown`;
  return `${quote(value)} (${type})`;
}

function quote(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const shown = value.length > shownMax ? `${value.slice(0, shownMax)}…` : value;
  return JSON.stringify(shown);
}

/** The value at a path of plain lists and maps, undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}
