import type { Import } from "./rules.js";
import type { Finding } from "./source-files.js";

const words = ["platform/errors", "platform/protocol"] as const;
const contracts = [...words, "platform/ports", "platform/manifest"] as const;
const parts = ["lifecycle", "idle", "network", "membership", "cloud"].map(
  (name) => `platform/${name}`,
);

/**
 * DESIGN.md's arrows: what each folder may import beside itself. cli → daemon → supervisor →
 * lifecycle, network, membership, cloud; adapters among these reach the system through the shim.
 */
const allowed: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["platform/errors", []],
  ["platform/protocol", ["platform/errors"]],
  ["platform/manifest", ["platform/errors"]],
  ["platform/ports", contracts],
  ["platform/lifecycle", contracts],
  ["platform/idle", contracts],
  ["platform/network", [...contracts, "shim"]],
  ["platform/membership", contracts],
  ["platform/cloud", [...contracts, "shim"]],
  ["platform/supervisor", [...contracts, ...parts, "shim"]],
  ["platform/daemon", [...contracts, ...parts, "platform/supervisor", "shim"]],
  ["platform/cli", [...contracts, "platform/daemon", "shim"]],
  ["host-runtime", [...words, "shim"]],
  // What runs inside the simulated world is the platform itself, and what of the host-runtime is
  // pure; adapters never do.
  ["simulator", [...contracts, ...parts, "platform/supervisor", "host-runtime", "shim"]],
  ["shim", []],
]);

/** The only place that knows both the platform and the embedded clouds. */
const compositionRoot = /^platform\/daemon\/compose[\w-]*\.ts$/;

export function findWrongDirection(entry: Import): readonly Finding[] {
  const from = folderOf(entry.from);
  const to = folderOf(entry.to);
  const isFree = /^(?:test|bench|scripts)(?:\/|$)/.test(from);
  if (isFree || from === to || allowed.get(from)?.includes(to)) return keepPure(entry, from);
  if (to === "simulator" && compositionRoot.test(entry.from)) return [];
  const what = `${from} may not import ${to} (${entry.to})`;
  return [{ file: entry.from, line: entry.line, what }];
}

function keepPure(entry: Import, from: string): readonly Finding[] {
  if (from !== "simulator" || !/^platform\/.*-adapter\.js$/.test(entry.to)) return [];
  const what = `simulator may not import an adapter (${entry.to})`;
  return [{ file: entry.from, line: entry.line, what }];
}

/** `platform/x` for the platform, else the first folder. */
function folderOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "platform" ? `${first}/${second}` : first;
}
