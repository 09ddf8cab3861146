import type { z } from "zod";
import { fixFor } from "./key-texts.js";
import {
  describePath,
  describeReceived,
  invalidAt,
  invalidKeyAt,
  nameOnly,
  type Path,
  type Problem,
  valueAt,
} from "./problem.js";
import { keysKnownAt } from "./schema.js";
import { suggest } from "./suggestion.js";

type Issue = z.core.$ZodIssue;

/** Zod's issues as problems: one for each wrong value, one for each unknown key. */
export function zodProblems(root: unknown, issues: readonly Issue[]): readonly Problem[] {
  // A key that is misspelled is not missing as well.
  const seen = new Set(issues.flatMap((issue) => meantKeys(root, issue)));
  return issues
    .flatMap((issue) => problemsOf(root, [], issue))
    .filter(({ where }) => {
      const key = JSON.stringify(where);
      return !seen.has(key) && seen.add(key);
    });
}

function meantKeys(root: unknown, issue: Issue): readonly string[] {
  if (issue.code !== "unrecognized_keys") return [];
  const path = issue.path.filter((key) => typeof key !== "symbol");
  return issue.keys.flatMap((key) => {
    const meant = suggest(key, keysKnownAt(path));
    if (meant === null || valueAt(root, [...path, meant]) !== undefined) return [];
    return [JSON.stringify({ path: [...path, meant], at: "value" })];
  });
}

function problemsOf(root: unknown, base: Path, issue: Issue): readonly Problem[] {
  const path = [...base, ...issue.path.filter((key) => typeof key !== "symbol")];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key));
    case "invalid_union": {
      const deeper = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0));
      if (deeper !== undefined) return deeper.flatMap((inner) => problemsOf(root, path, inner));
      return [wrongValue(root, path, mostTelling(issue))];
    }
    default:
      return [wrongValue(root, path, issue.message)];
  }
}

/** The branch whose type fits says more than "none of these". */
function mostTelling(issue: z.core.$ZodIssueInvalidUnion): string {
  const fitting = issue.errors.find((branch) => branch[0]?.code !== "invalid_type");
  return fitting?.[0]?.message ?? issue.message;
}

function wrongValue(root: unknown, path: Path, expected: string): Problem {
  const value = valueAt(root, path);
  const isMissing = value === undefined;
  return invalidAt(path, {
    what: `${describePath(path)} is ${isMissing ? "missing" : "not valid"}`,
    expected,
    received: describeReceived(value, path),
    fix: fixFor(path),
  });
}

function unknownKey(path: Path, key: string): Problem {
  const shown = nameOnly(key);
  const place = path.length === 0 ? "" : ` in ${describeOwner(path)}`;
  const known = keysKnownAt(path);
  return invalidKeyAt([...path, key], {
    what: `unknown key \`${shown}\`${place}`,
    expected: `one of ${known.join(", ")}`,
    received: `the key \`${shown}\``,
    fix: unknownKeyFix(path, key, known),
  });
}

function describeOwner(path: Path): string {
  return path.length === 1 && path[0] === "defaults" ? "`defaults`" : describePath(path);
}

function unknownKeyFix(path: Path, key: string, known: readonly string[]): string {
  if (key === "<<") return "write what hosts share under `defaults`: maps are not merged";
  const isHostKey = keysKnownAt(["hosts", ""]).includes(key);
  if (isHostKey && path[0] === "defaults") return `give \`${key}\` to each host`;
  if (isHostKey && path.length === 0) return `indent \`${key}\` under its host`;
  const meant = suggest(key, known);
  return meant === null ? `remove \`${nameOnly(key)}\`` : `did you mean \`${meant}\`?`;
}
