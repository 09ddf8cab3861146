/** Of programs, and of files given by their paths: what this machine does not have. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { onlyIf } from "../process/requirements.js";

export function missing(needs: readonly string[]): readonly string[] {
  return needs.filter((need) => !(need.includes("/") ? existsSync(need) : isProgram(need)));
}

/** Declares serial tests, if the machine has all of it. */
export function ifInstalled(needs: readonly string[]): ReturnType<typeof onlyIf> {
  const absent = missing(needs);
  return onlyIf(absent.length === 0, absent.join(", "));
}

function isProgram(name: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", name]).status === 0;
}
