/** What the host-runtime and im-init (`shim/src/init.c`) say to one another: a codec. */
import { ImError } from "../platform/errors/im-error.js";

export interface GuestStart {
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export type InitStatus =
  | { readonly type: "started"; readonly pid: number }
  | { readonly type: "failed"; readonly errno: number; readonly step: "exec" | "chdir" | "fork" }
  /** The command has ended; others of its tree may live. */
  | { readonly type: "exited"; readonly code: number | null; readonly signal: number | null }
  /** Nothing of the tree is left. */
  | { readonly type: "empty" };

export const startBytesMax = 1024 * 1024;

/** u32 length, u32 argc, u32 envc, then NUL-terminated: directory, arguments, variables. */
export function encodeStart(start: GuestStart): Buffer {
  const variables = Object.entries(start.environment).map(([name, value]) => `${name}=${value}`);
  const strings = [start.directory, ...start.command, ...variables];
  if (strings.some((text) => text.includes("\0"))) {
    throw new ImError("IM_GUEST_COMMAND", {
      what: "the command, its directory or its environment contains a NUL character",
    });
  }
  const text = Buffer.from(`${strings.join("\0")}\0`);
  const length = 8 + text.length;
  if (length > startBytesMax) {
    throw new ImError("IM_GUEST_COMMAND", {
      what: "the command and its environment are too long",
      expected: `at most ${startBytesMax} bytes`,
      received: `${length} bytes`,
    });
  }
  const head = Buffer.alloc(12);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(start.command.length, 4);
  head.writeUInt32LE(variables.length, 8);
  return Buffer.concat([head, text]);
}

/** Null for a line that im-init does not say. */
export function parseStatus(line: string): InitStatus | null {
  const [, pid] = /^started (\d+)$/.exec(line) ?? [];
  if (pid !== undefined) return { type: "started", pid: Number(pid) };
  const [, errno, step] = /^failed (\d+) (exec|chdir|fork)\s*$/.exec(line) ?? [];
  if (errno !== undefined && (step === "exec" || step === "chdir" || step === "fork")) {
    return { type: "failed", errno: Number(errno), step };
  }
  const [, code, signal] = /^exited (\d+|-) (\d+|-)$/.exec(line) ?? [];
  if (code !== undefined && signal !== undefined) {
    return { type: "exited", code: numberOrNull(code), signal: numberOrNull(signal) };
  }
  return line === "empty" ? { type: "empty" } : null;
}

function numberOrNull(text: string): number | null {
  return text === "-" ? null : Number(text);
}
