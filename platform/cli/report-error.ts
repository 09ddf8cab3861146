import { CommanderError } from "commander";
import { formatError, ImError } from "../errors/im-error.js";

export interface ErrorReport {
  /** For stderr; empty where nothing went wrong. */
  readonly text: string;
  readonly exitCode: number;
}

/** What to print for whatever a command has thrown, and the exit code that goes with it. */
export function reportError(error: unknown, debug: boolean): ErrorReport {
  if (error instanceof CommanderError && error.exitCode === 0) return { text: "", exitCode: 0 };
  const errors = listErrors(error);
  const lines = errors.map((one) => formatError(one));
  if (errors.length > 1) lines.push(`${errors.length} errors`);
  if (debug) lines.push(stackOf(error));
  return {
    text: `${lines.join("\n")}\n`,
    exitCode: Math.max(...errors.map((one) => one.exitCode)),
  };
}

function listErrors(error: unknown): readonly ImError[] {
  if (error instanceof ImError) return [error];
  if (error instanceof CommanderError) return [usageError(error)];
  // ManifestErrors, or the failures of several hosts: recognised by shape, because the module
  // that defines the former is slow to load and most commands never need it.
  if (error instanceof Error && "errors" in error && Array.isArray(error.errors)) {
    const all = error.errors.flatMap((one) => listErrors(one));
    if (all.length > 0) return all;
  }
  const what = error instanceof Error ? error.message : String(error);
  return [new ImError("IM_INTERNAL", { what, cause: error })];
}

/** Commander says `error: unknown option '--frob'\n(Did you mean …?)`. */
function usageError(error: CommanderError): ImError {
  // Options alone: Commander would print its help as an error.
  if (error.code === "commander.help") {
    return new ImError("IM_USAGE", {
      what: "a command is missing",
      expected: "a command, such as `im status`",
      received: "options alone",
    });
  }
  const [what = "", hint] = error.message.replace(/^error: /, "").split("\n");
  const meant = hint?.match(/Did you mean (.+)\?/)?.[1];
  return new ImError("IM_USAGE", {
    what,
    ...usageOf(error.code, what),
    ...(meant === undefined ? {} : { fix: `did you mean \`${meant}\`? \`im --help\` lists all` }),
  });
}

interface Usage {
  readonly expected: string;
  readonly received: string;
  readonly fix?: string;
}

/** Commander says `too many arguments for 'status'. Expected 1 argument but got 2.` */
function excess(what: string, command: string): Usage {
  const [, expected = "no further arguments", received = "more"] =
    what.match(/Expected (\d+ arguments?) but got (\d+)/) ?? [];
  return { expected, received, ...(command !== "" && { fix: `run \`im ${command} --help\`` }) };
}

/** Commander's texts quote what was written, or what should have been. */
function usageOf(code: string, what: string): Usage {
  const quoted = what.match(/'([^']*)'/)?.[1] ?? "";
  switch (code) {
    case "commander.missingArgument":
      return { expected: `<${quoted}>`, received: "nothing" };
    case "commander.optionMissingArgument":
      return { expected: quoted, received: "the option without its value" };
    case "commander.unknownCommand":
      return { expected: "a command of im", received: quoted };
    case "commander.unknownOption":
      return { expected: "an option of this command", received: quoted };
    case "commander.excessArguments":
      return excess(what, quoted);
    case "commander.invalidArgument":
      return {
        expected: what.match(/Allowed choices are (.+)\.$/)?.[1] ?? "an allowed value",
        received: what.match(/argument '([^']*)'/)?.[1] ?? quoted,
      };
    default:
      return { expected: "a command line that `im --help` describes", received: quoted || what };
  }
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`;
}
