/**
 * What SURFACE.md promises and this version does not do yet. It is validated like everything else,
 * then refused by name. A change that makes one work removes its entry here, and nothing else.
 */
import { describePath, describeReceived, type Path, type Problem, valueAt } from "./problem.js";

export interface UnsupportedFeature {
  readonly key: string;
  readonly feature: string;
  readonly expected: string;
  /** Absent: every value. Where the value is a list, each element is asked. */
  readonly refuses?: (value: unknown) => boolean;
}

const none = "a manifest without it";

export const unsupportedFeatures: readonly UnsupportedFeature[] = [
  { key: "wakeFrom", feature: "restricting who may wake a host", expected: none },
  { key: "files", feature: "remapping paths", expected: none },
  { key: "prewarm", feature: "warming a host ahead of its use", expected: none },
  {
    key: "intercept",
    feature: "interception by trap",
    expected: "auto, preload or none",
    refuses: (value) => value === "trap",
  },
  {
    key: "placement",
    feature: "local placement",
    expected: "function",
    refuses: (value) => value === "local",
  },
];

/** `owner` is the path of a host or of `defaults`. */
export function findUnsupported(root: unknown, owner: Path): readonly Problem[] {
  return unsupportedFeatures.flatMap((entry) => refuseFeature(root, [...owner, entry.key], entry));
}

function refuseFeature(root: unknown, path: Path, entry: UnsupportedFeature): readonly Problem[] {
  const value = valueAt(root, path);
  if (value === undefined) return [];
  const { refuses } = entry;
  if (refuses === undefined) return [refusal(path, "key", value, entry)];
  if (!Array.isArray(value)) return refuses(value) ? [refusal(path, "value", value, entry)] : [];
  return value.flatMap((element, index) =>
    refuses(element) ? [refusal([...path, index], "value", element, entry)] : [],
  );
}

function refusal(
  path: Path,
  at: "key" | "value",
  value: unknown,
  entry: UnsupportedFeature,
): Problem {
  return {
    code: "IM_MANIFEST_UNSUPPORTED",
    where: { path, at },
    what: `${describePath(path)} is not supported yet: ${entry.feature} comes in a later version`,
    expected: entry.expected,
    received: at === "key" ? `the key \`${entry.key}\`` : describeReceived(value, path),
    fix: at === "key" ? `remove \`${entry.key}\`` : `use ${entry.expected}`,
  };
}
