import test from "ava";
import { CommanderError } from "commander";
import { reportError } from "../../platform/cli/report-error.js";
import { ImError } from "../../platform/errors/im-error.js";

const mistake = new ImError("IM_NO_HOST", { what: "no host `wbe`", received: "wbe" });
const failure = new ImError("IM_STORE_FAILED", { what: "the disk is full" });

test("a mistake is printed with its fix and exits 1", (t) => {
  t.deepEqual(reportError(mistake, false), {
    text:
      "error[IM_NO_HOST]: no host `wbe`\n  received: wbe\n" +
      "  fix: `im status` lists the hosts of the deployment\n",
    exitCode: 1,
  });
});

test("a failure of the system exits 2", (t) => {
  t.is(reportError(failure, false).exitCode, 2);
});

test("several errors are printed one after the other, then their number", (t) => {
  const { text, exitCode } = reportError(new AggregateError([mistake, failure]), false);
  t.regex(text, /^error\[IM_NO_HOST\].*error\[IM_STORE_FAILED\].*\n2 errors\n$/s);
  t.is(exitCode, 2);
});

test("what nobody expected is an internal error, its stack only for --debug", (t) => {
  const error = new TypeError("x is not a function", { cause: new Error("the reason") });
  const short = reportError(error, false);
  t.regex(short.text, /^error\[IM_INTERNAL\]: x is not a function\n {2}fix: [^\n]+\n$/);
  t.is(short.exitCode, 2);
  t.regex(reportError(error, true).text, /report-error\.test.*caused by: Error: the reason/s);
});

test("a mistake on the command line is a usage error, with what may have been meant", (t) => {
  const message = "error: unknown command 'stauts'\n(Did you mean status?)";
  const error = new CommanderError(1, "commander.unknownCommand", message);
  t.deepEqual(reportError(error, false), {
    text:
      "error[IM_USAGE]: unknown command 'stauts'\n" +
      "  expected: a command of im\n  received: stauts\n" +
      "  fix: did you mean `status`? `im --help` lists all\n",
    exitCode: 1,
  });
});

test("too many arguments are counted, and the command's own help is named", (t) => {
  const message = "error: too many arguments for 'status'. Expected 1 argument but got 2.";
  const error = new CommanderError(1, "commander.excessArguments", message);
  t.is(
    reportError(error, false).text,
    "error[IM_USAGE]: too many arguments for 'status'. Expected 1 argument but got 2.\n" +
      "  expected: 1 argument\n  received: 2\n  fix: run `im status --help`\n",
  );
});

test("help that was asked for is no error", (t) => {
  const error = new CommanderError(0, "commander.helpDisplayed", "(outputHelp)");
  t.deepEqual(reportError(error, false), { text: "", exitCode: 0 });
});
