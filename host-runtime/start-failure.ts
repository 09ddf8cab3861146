/** Why a guest's command could not be executed, in words. */
import type { BootEvent } from "../platform/protocol/environment.js";
import { errnoMessage } from "./system-names.js";

type Guest = Pick<BootEvent["guest"], "command" | "directory">;

/** Names in a message are cut to this: a packet has a limit. */
const nameMax = 256;

export function shortName({ command }: Guest): string {
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
