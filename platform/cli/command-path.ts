import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ImError } from "../errors/im-error.js";

/** What execvp takes where PATH is not set. */
const defaultPath = "/bin:/usr/bin";

/** Path of the program that a shell would run; IM_COMMAND_NOT_FOUND where there is none. */
export function findCommand(command: string, searchPath: string | undefined): string {
  const isPath = command.includes("/");
  const directories = isPath ? [] : (searchPath ?? defaultPath).split(delimiter);
  const candidates = isPath ? [command] : directories.map((one) => join(one || ".", command));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  const existing = command === "" ? undefined : candidates.find(isFile);
  throw new ImError("IM_COMMAND_NOT_FOUND", {
    what: `${command === "" ? "an empty command" : command} cannot be run`,
    expected: isPath ? "an executable file" : "an executable file in a directory of PATH",
    received: isPath && isDirectory(command) ? `${command} is a directory` : fault(existing),
  });
}

function fault(existing: string | undefined): string {
  return existing === undefined ? "no such file" : `${existing}, which is not executable`;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}
