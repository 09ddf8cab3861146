/** What `im doctor` finds out: one thing that this machine can do, or cannot. */
import type { AddonError } from "../../shim/index.js";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Nothing works on the local cloud without it. */
  readonly necessary: boolean;
  /** What was seen: a version, a number, or why not. */
  readonly found: string;
  /** What is done without it; null: it is there. */
  readonly instead: string | null;
}

export interface DoctorReport {
  readonly version: string;
  /** Nothing necessary is missing. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

export interface Expectation {
  readonly name: string;
  readonly necessary?: boolean;
  /** For where it is missing. */
  readonly instead: string;
}

/** `attempt` does the thing and says what it saw; what it throws is why it cannot be done. */
export function check(expectation: Expectation, attempt: () => string): Check {
  const { name, necessary = false, instead } = expectation;
  try {
    return { name, ok: true, necessary, found: attempt(), instead: null };
  } catch (error) {
    return { name, ok: false, necessary, found: reasonOf(error), instead };
  }
}

/** Thrown by an attempt that worked, and was not enough. */
export class NotEnough extends Error {}

function reasonOf(error: unknown): string {
  if (isAddonError(error)) return `${error.syscall}: ${error.code}`;
  return error instanceof Error ? error.message : String(error);
}

function isAddonError(error: unknown): error is AddonError {
  return error instanceof Error && "code" in error && "syscall" in error && "errno" in error;
}

export function reportOf(version: string, checks: readonly Check[]): DoctorReport {
  return { version, ok: checks.every(({ ok, necessary }) => ok || !necessary), checks };
}
