/**
 * Tests that need a program of the machine's are skipped by name where it is missing. One that
 * hangs fails by itself, so that what it started is still ended.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";

const hangMs = 60_000;

type Implementation = (t: ExecutionContext) => Promise<unknown>;
type Declare = (title: string, implementation: Implementation) => void;

/** Declares serial tests, if the machine has all of these programs. */
export function needing(...programs: readonly string[]): Declare {
  const missing = programs.filter((program) => !hasProgram(program));
  return onlyIf(missing.length === 0, missing.join(", "));
}

/** Declares serial tests, if that is so; `what` names what is missing otherwise. */
export function onlyIf(isSo: boolean, what: string): Declare {
  if (isSo) {
    return (title, implementation) =>
      test.serial(title, async (t) => {
        t.timeout(hangMs);
        await implementation(t);
      });
  }
  return (title, implementation) => {
    const file = process.env["IM_SKIPPED_FILE"];
    if (file !== undefined) appendFileSync(file, `${title}: needs ${what}\n`);
    test.skip(`${title} (needs ${what})`, implementation);
  };
}

function hasProgram(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
}
