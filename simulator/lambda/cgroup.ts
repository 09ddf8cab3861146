/** Cgroup v2 as this process sees it: where it may have cgroups of its own, and what is in one. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";

/** A place below our own cgroup, or why there can be none. */
export type CgroupPlace =
  | { readonly directory: string; readonly reason: null }
  | { readonly directory: null; readonly reason: string };

/**
 * Finds out whether a cgroup of this name can be made below the one that we are in, and whether
 * processes can be moved there and frozen. Leaves the directory, if it can.
 */
export function claimCgroup(name: string): CgroupPlace {
  const own = ownCgroup();
  if (own === null) return refused("cgroup v2 is not mounted");
  const directory = join(own, name);
  try {
    makeCgroup(directory);
  } catch (error) {
    return refused(`no cgroup can be made here: ${codeOf(error)}`);
  }
  if (!existsSync(join(directory, "cgroup.freeze"))) {
    rmdirSync(directory);
    return refused("this kernel's cgroups cannot be frozen");
  }
  if (canMoveInto(directory)) return { directory, reason: null };
  rmdirSync(directory);
  return refused("processes cannot be moved into cgroups made here");
}

export function makeCgroup(path: string): void {
  mkdirSync(path, { recursive: true });
}

/** Processes directly in it. */
export function pidsIn(path: string): readonly number[] {
  const lines = readFileSync(join(path, "cgroup.procs"), "latin1").split("\n");
  return lines.filter((line) => line !== "").map(Number);
}

/** False: it has ended, or is not ours to move. */
export function movePid(path: string, pid: number): boolean {
  try {
    writeFileSync(join(path, "cgroup.procs"), String(pid));
    return true;
  } catch {
    // The two reasons are told apart by nobody.
    return false;
  }
}

export function thawBelow(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) writeFileSync(join(directory, entry.name, "cgroup.freeze"), "0");
  }
}

/** By a process that moves itself there and ends. */
function canMoveInto(directory: string): boolean {
  const procs = join(directory, "cgroup.procs");
  const options = { stdio: "ignore", timeout: 5_000 } as const;
  return spawnSync("/bin/sh", ["-c", 'echo 0 >"$0"', procs], options).status === 0;
}

/** The directory of the cgroup that this process is in. */
function ownCgroup(): string | null {
  const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "latin1"))?.[1];
  if (path === undefined) return null;
  for (const line of readFileSync("/proc/self/mountinfo", "latin1").split("\n")) {
    // `… <root> <mount point> <options> … - <type> …` (proc(5)).
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", mountPoint = ""] = before.split(" ");
    if (!after.startsWith("cgroup2 ")) continue;
    const below = relative(root, path);
    if (!below.startsWith("..")) return join(mountPoint, below);
  }
  return null;
}

function refused(reason: string): CgroupPlace {
  return { directory: null, reason };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
