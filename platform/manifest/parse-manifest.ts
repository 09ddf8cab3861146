import { ImError } from "../errors/im-error.js";
import { buildManifest } from "./build-manifest.js";
import { checkHosts } from "./check-hosts.js";
import { checkLimits } from "./check-limits.js";
import { checkNames } from "./check-names.js";
import { type ManifestDocument, readDocument } from "./document.js";
import { readFacts } from "./facts.js";
import type { Manifest } from "./manifest.js";
import type { Path, Problem } from "./problem.js";
import { manifestSchema } from "./schema.js";
import { findUnsupported } from "./unsupported.js";
import { zodProblems } from "./zod-problems.js";

export const manifestBytesMax = 1024 * 1024;

export interface ManifestOptions {
  /** Absolute: directories in the manifest are relative to its folder. */
  readonly file: string;
  /** How many descriptors one process may have open here. */
  readonly descriptorsMax: number;
}

export type ParsedManifest =
  | { readonly manifest: Manifest }
  | { readonly errors: readonly ImError[] };

/**
 * Reads and validates a manifest. Pure, and never throws: every mistake is an `ImError`
 * (IM_MANIFEST_SYNTAX, IM_MANIFEST_INVALID or IM_MANIFEST_UNSUPPORTED) with its place, in the order
 * of the text. Where the YAML itself is broken, only that is reported.
 */
export function parseManifest(text: string, options: ManifestOptions): ParsedManifest {
  const bytes = Buffer.byteLength(text);
  if (bytes > manifestBytesMax) return { errors: [tooLarge(`${bytes} bytes`, options.file)] };
  const document = readDocument(text);
  if (!document.isReadable) return { errors: toErrors(document, document.problems, options.file) };
  const { value, places } = document;
  if (value === null) return { errors: [empty(options.file)] };
  const parsed = manifestSchema.safeParse(value);
  const problems = [...document.problems, ...findProblems(value, parsed, options.descriptorsMax)];
  if (problems.length > 0 || !parsed.success) {
    return { errors: toErrors(document, problems, options.file) };
  }
  return { manifest: buildManifest(parsed.data, places, options.file) };
}

function findProblems(
  value: unknown,
  parsed: ReturnType<typeof manifestSchema.safeParse>,
  descriptorsMax: number,
): readonly Problem[] {
  const wrongValues = parsed.success ? [] : zodProblems(value, parsed.error.issues);
  const facts = readFacts(value);
  const owners: readonly Path[] = [["defaults"], ...facts.names.map((name) => ["hosts", name])];
  const wrongPaths = new Set(wrongValues.flatMap(pathPrefixes));
  const unsupported = owners
    .flatMap((owner) => findUnsupported(value, owner))
    .filter(({ where }) => !("path" in where && wrongPaths.has(JSON.stringify(where.path))));
  return [
    ...wrongValues,
    ...unsupported,
    ...checkNames(facts),
    ...checkHosts(facts),
    ...checkLimits(facts, descriptorsMax),
  ];
}

/** Something unsupported is refused once its shape is right: one error at a time for one thing. */
function pathPrefixes({ where }: Problem): readonly string[] {
  if (!("path" in where)) return [];
  const { path } = where;
  return path.map((_, index) => JSON.stringify(path.slice(0, index + 1)));
}

function toErrors(
  document: ManifestDocument,
  problems: readonly Problem[],
  file: string,
): readonly ImError[] {
  return problems
    .map((problem) => ({ problem, offset: document.places.offset(problem.where) }))
    .sort((left, right) => left.offset - right.offset)
    .map(({ problem, offset }) => {
      const { code, what, expected, received, fix } = problem;
      const place = document.places.at(offset, file);
      return new ImError(code, { what, expected, received, fix, place });
    });
}

export function tooLarge(received: string, file: string): ImError {
  return new ImError("IM_MANIFEST_INVALID", {
    what: "the manifest is too large",
    expected: `at most ${manifestBytesMax} bytes`,
    received,
    fix: "declare alike hosts as one class with `count`, and shared keys under `defaults`",
    place: { file, line: 1, column: 1 },
  });
}

function empty(file: string): ImError {
  return new ImError("IM_MANIFEST_INVALID", {
    what: "the manifest is empty",
    expected: "a map with `deployment` and `hosts`",
    received: "nothing",
    fix: "write `deployment: <name>`, and under `hosts:` at least one host",
    place: { file, line: 1, column: 1 },
  });
}
