/** Numbers of the kernel in words that a user knows. */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

const signalNames = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) {
  // SIGABRT comes before its alias SIGIOT: the first name of a number is the usual one.
  if (!signalNames.has(number)) signalNames.set(number, name);
}

export function signalName(signal: number): string {
  return signalNames.get(signal) ?? `SIG${signal}`;
}

const execFormatError = 8; // unknown to libuv
const errorNames = getSystemErrorMap();

/** As strerror says it: `No such file or directory`. */
export function errnoMessage(errno: number): string {
  if (errno === execFormatError) return "Exec format error (a script needs a #! line)";
  const text = errorNames.get(-errno)?.[1] ?? `error ${errno}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
