/** Entry point of `im`; loaded by `bin/im.mjs`. */
import { createProgram } from "./program.js";
import { reportError } from "./report-error.js";
import { processTerminal } from "./terminal.js";

const words = process.argv.slice(2);
const terminal = processTerminal();

try {
  const program = createProgram(terminal, (exitCode) => {
    process.exitCode = exitCode;
  });
  await program.parseAsync(words.length === 0 ? ["--help"] : words, { from: "user" });
} catch (error) {
  const end = words.indexOf("--");
  const own = end === -1 ? words : words.slice(0, end);
  const { text, exitCode } = reportError(error, own.includes("--debug"));
  terminal.note(text);
  process.exitCode = exitCode;
}
// What a pipe could not hold is still ours; nothing else is worth waiting for.
await Promise.all([process.stdout, process.stderr].map(untilWritten));
process.exit();

/** Also where it cannot be: the stream's own error event says so. */
function untilWritten(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
