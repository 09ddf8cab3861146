import { ImError } from "../../errors/im-error.js";
import { locate, type TargetOptions } from "../session.js";
import type { Terminal } from "../terminal.js";
import { runProgram } from "./run.js";

export async function shell(terminal: Terminal, options: TargetOptions): Promise<number> {
  const target = await locate(options);
  const { deployment } = target;
  const program = process.env["SHELL"] || "/bin/sh";
  if (terminal.interactive) {
    terminal.note(`Programs here reach the hosts of ${deployment} by name. exit leaves.\n`);
  }
  try {
    return await runProgram(target, options, [program], promptVariables(deployment));
  } catch (error) {
    if (!(error instanceof ImError) || error.code !== "IM_COMMAND_NOT_FOUND") throw error;
    throw new ImError(error.code, { ...error.details, fix: "set SHELL to a shell that exists" });
  }
}

/**
 * A prompt that says where one is. `sh` takes PS1 as it is; what bash reads at its start sets
 * another, so there it is put in front of the first prompt.
 */
function promptVariables(deployment: string): Readonly<Record<string, string>> {
  const hint = `(im ${deployment}) `;
  return {
    PS1: `${hint}\\$ `,
    PROMPT_COMMAND: `case $PS1 in "${hint}"*) ;; *) PS1="${hint}$PS1" ;; esac`,
  };
}
