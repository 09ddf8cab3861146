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
// Output is written by now (it is synchronous on Linux); nothing else is worth waiting for.
process.exit();
