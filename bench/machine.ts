/** What the figures of a run depend on. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { root } from "./paths.js";

/** First lines of what each says of itself. */
const versions: readonly (readonly [string, readonly string[]])[] = [
  ["redis", ["redis-server", "--version"]],
  ["systemd", ["systemd-socket-activate", "--version"]],
  ["xinetd", ["xinetd", "-version"]],
  ["strace", ["strace", "--version"]],
  ["cc", ["cc", "--version"]],
];

export function describeMachine(): Record<string, string> {
  const all = cpus();
  const described: Record<string, string> = {
    cpu: `${all.length} × ${all[0]?.model.trim() ?? "unknown"}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    kernel: release(),
    distribution: distribution(),
    load: loadavg()
      .map((load) => load.toFixed(2))
      .join(" "),
    node: process.version,
    commit: commit(),
  };
  for (const [name, [program = "", ...parameters]] of versions) {
    const { stdout, stderr } = spawnSync(program, parameters, { encoding: "utf8" });
    const [first = ""] = `${stdout ?? ""}${stderr ?? ""}`.split("\n");
    if (first !== "") described[name] = first.trim();
  }
  return described;
}

function distribution(): string {
  const text = readFileSync("/etc/os-release", "utf8");
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? "unknown";
}

function commit(): string {
  try {
    const git = (...words: readonly string[]) =>
      execFileSync("git", words, {
        cwd: root,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    const changed = git("status", "--porcelain") === "" ? "" : " with changes";
    return `${git("rev-parse", "--short=12", "HEAD").trim()}${changed}`;
  } catch {
    // Not a checkout: a release has no commit.
    return "unknown";
  }
}
