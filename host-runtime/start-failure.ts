/** Why a guest's command could not be executed, or how it ended, in words. */
import type { BootEvent } from "../platform/protocol/environment.js";
import type { GuestStart } from "./init-protocol.js";
import { ownCallsText } from "./own-calls.js";
import { errnoMessage } from "./system-names.js";

type Guest = Pick<BootEvent["guest"], "command" | "directory">;

/** Names in a message are cut to this: a packet has a limit. */
const nameMax = 256;

export function shortName({ command }: { readonly command: readonly string[] }): string {
  return (command[0] ?? "").slice(0, nameMax);
}

export function startFailure(
  guest: Guest,
  { errno, step }: { readonly errno: number; readonly step: "exec" | "chdir" | "fork" },
): string {
  const directory = guest.directory.slice(0, nameMax);
  const reason = errnoMessage(errno);
  if (step === "chdir") return `cannot enter the directory \`${directory}\`: ${reason}`;
  return `cannot execute \`${shortName(guest)}\`: ${reason} (in ${directory})`;
}

/** Of a life that was given up before a supervisor had accepted it. */
export function neverStarted(reason: string) {
  return { code: "IM_ENVIRONMENT_LOST", message: `not started: ${reason}` };
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What the log ends with. A bad end may be that of a program that cannot serve here at all. */
export function exitText(start: GuestStart, { code, signal }: Exit): string {
  if (signal !== null) return `exited signal ${signal}`;
  if (code === 0) return "exited code 0";
  const { directory, environment } = start;
  const searchPath = environment["PATH"] ?? "";
  const reason = ownCallsText({ program: shortName(start), directory, searchPath });
  return `exited code ${code}${reason === null ? "" : `; ${reason}`}`;
}
