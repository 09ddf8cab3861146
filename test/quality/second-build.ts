/** The same tests once more, against C parts that were compiled with other flags. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { shimFiles } from "../../shim/index.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const linked = ["node_modules", "package.json", "shim", "test"] as const;

export interface Flags {
  /** Of make. */
  readonly variables: readonly string[];
  /** Files of build/shim; what is not named is taken from the usual build. */
  readonly targets: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
  /** What a sanitizer wrote. */
  readonly findings: readonly string[];
}

/** `tests` are paths below dist/test. The checkout's own build stays as it is. */
export function testAgain(t: ExecutionContext, flags: Flags, tests: readonly string[]): Outcome {
  const directory = mkdtempSync(join(tmpdir(), "im-second-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const build = join(directory, "build/shim");
  mkdirSync(join(directory, "findings"));
  mkdirSync(build, { recursive: true });
  for (const name of linked) symlinkSync(join(root, name), join(directory, name));
  symlinkSync(join(root, "build/fixtures"), join(directory, "build/fixtures"));
  cpSync(join(root, "dist"), join(directory, "dist"), { recursive: true });
  for (const file of Object.values(shimFiles))
    cpSync(file, join(build, file.split("/").pop() ?? ""));
  const targets = flags.targets.map((name) => join(build, name));
  for (const target of targets) rmSync(target);
  run(root, {}, ["make", "-s", "-C", "shim", `OUT=${build}`, ...flags.variables, ...targets]);
  const { status, output } = tryRun(directory, environmentOf(flags, directory), [
    ...["npx", "--no-install", "ava", "--timeout=100s"],
    ...tests.map((path) => `dist/test/${path}`),
  ]);
  return { status, output, findings: read(join(directory, "findings")) };
}

function environmentOf(flags: Flags, directory: string): Readonly<Record<string, string>> {
  const entries = Object.entries(flags.environment).map(
    ([name, value]) => [name, value.replace("@findings", join(directory, "findings/of"))] as const,
  );
  return Object.fromEntries(entries);
}

function run(cwd: string, environment: NodeJS.ProcessEnv, command: readonly string[]): void {
  const { status, output } = tryRun(cwd, environment, command);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}:\n${output}`);
}

function tryRun(cwd: string, environment: NodeJS.ProcessEnv, command: readonly string[]) {
  const [file = "", ...parameters] = command;
  // Ava must not take the inner run for a part of the outer one.
  const { AVA_PATH: _path, FORCE_COLOR: _color, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  const { status, stdout, stderr } = spawnSync(file, parameters, { cwd, env, encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

function read(directory: string): readonly string[] {
  return readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"));
}
