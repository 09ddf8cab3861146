import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { findCommand } from "../../platform/cli/command-path.js";
import { ImError } from "../../platform/errors/im-error.js";

function directories(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), "im-t-"));
  t.teardown(() => rmSync(root, { recursive: true }));
  const [first, second] = [join(root, "first"), join(root, "second")];
  for (const directory of [first, second]) mkdirSync(directory);
  writeFileSync(join(first, "tool"), "not executable");
  writeFileSync(join(second, "tool"), "#!/bin/sh\n");
  chmodSync(join(second, "tool"), 0o755);
  mkdirSync(join(first, "folder"));
  return { first, second };
}

test("the first executable file of PATH is taken", (t) => {
  const { first, second } = directories(t);
  t.is(findCommand("tool", `${first}:${second}`), join(second, "tool"));
});

test("a command with a slash is not searched for", (t) => {
  const { second } = directories(t);
  t.is(findCommand(join(second, "tool"), ""), join(second, "tool"));
});

const refusals: readonly (readonly [string, RegExp])[] = [
  ["missing", /no such file/],
  ["folder", /no such file/],
  ["tool", /first\/tool, which is not executable/],
  ["", /no such file/],
];
test("a directory is refused as such", (t) => {
  const { first } = directories(t);
  const error = t.throws(() => findCommand(first, ""), { instanceOf: ImError });
  t.regex(error?.details.received ?? "", /first is a directory$/);
});

for (const [command, received] of refusals) {
  test(`${JSON.stringify(command)} is refused with its reason`, (t) => {
    const { first } = directories(t);
    const error = t.throws(() => findCommand(command, first), { instanceOf: ImError });
    t.is(error?.code, "IM_COMMAND_NOT_FOUND");
    t.is(error?.exitCode, 1);
    t.regex(error?.details.received ?? "", received);
  });
}
