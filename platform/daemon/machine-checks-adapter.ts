/** What is installed here, and what room there is. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, statfsSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { shimFiles } from "../../shim/index.js";
import { type Check, check, NotEnough } from "./doctor-check.js";

const freeMbMin = 200;
const descriptorsMin = 4096;

/** `unloaded`: why the addon cannot be loaded; null: it was. */
export function machineChecks(home: string, unloaded: string | null): readonly Check[] {
  const missing = Object.values(shimFiles).filter((path) => !existsSync(path));
  // Of use only for building.
  const needed = { necessary: missing.length > 0, instead: "what is built already is used" };
  return [
    check({ name: "Linux", necessary: true, instead: "nothing: hosts need Linux" }, () => {
      if (process.platform !== "linux") throw new NotEnough(process.platform);
      return release();
    }),
    check({ name: "Node", necessary: true, instead: "nothing: install 20.19 or later" }, () => {
      const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
      if (major < 20 || (major === 20 && minor < 19)) throw new NotEnough(process.version);
      return process.version;
    }),
    check({ name: "glibc", necessary: true, instead: "nothing: the shim is for glibc" }, glibc),
    check({ name: "cc", ...needed }, () => {
      const source = "#include <sys/socket.h>\nint main(void) { return 0; }\n";
      return output("cc", ["-x", "c", "-fsyntax-only", "-"], source, ["cc", "--version"]);
    }),
    check({ name: "make", ...needed }, () => output("make", ["--version"], "")),
    check({ name: "shim", necessary: true, instead: "nothing: run `npm run build`" }, () => {
      if (missing[0] !== undefined) throw new NotEnough(`${missing[0]} is missing`);
      if (unloaded !== null) throw new NotEnough(unloaded);
      return "built, and the addon was loaded";
    }),
    check(
      { name: "descriptors", instead: "deployments of many ports are refused when deployed" },
      descriptors,
    ),
    check({ name: "IM_HOME", necessary: true, instead: "nothing: set IM_HOME elsewhere" }, () =>
      roomIn(home),
    ),
  ];
}

/** The C library says its version itself. */
function glibc(): string {
  const report: unknown = process.report?.getReport();
  const header = fieldOf(report, "header");
  const version = fieldOf(header, "glibcVersionRuntime");
  if (typeof version !== "string") throw new NotEnough("this Node runs on another C library");
  return version;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

/** First line of what `version`, or the program itself, prints; throws where it fails. */
function output(
  program: string,
  parameters: readonly string[],
  input: string,
  version: readonly string[] = [],
): string {
  const tried = spawnSync(program, parameters, { input, encoding: "utf8", timeout: 20_000 });
  if (tried.error !== undefined) throw new NotEnough(`${program} cannot be run`);
  if (tried.status !== 0) throw new NotEnough(tried.stderr.split("\n")[0] ?? `${tried.status}`);
  const [named, ...words] = version;
  const told = named === undefined ? tried : spawnSync(named, words, { encoding: "utf8" });
  return told.stdout.split("\n")[0] ?? "";
}

function descriptors(): string {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? "unknown";
  const text = `${hard} a process (hard limit)`;
  if (hard !== "unlimited" && !(Number(hard) >= descriptorsMin)) throw new NotEnough(text);
  return text;
}

/** Makes something there: a file system that is mounted read-only refuses that even to root. */
function roomIn(home: string): string {
  const place = existing(home);
  rmdirSync(mkdtempSync(join(place, ".im-doctor-")));
  const { bavail, bsize } = statfsSync(place);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  const text = `${home}: ${freeMb} MB free`;
  if (freeMb < freeMbMin) throw new NotEnough(text);
  return text;
}

/** The directory, or the first above it that exists. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}
