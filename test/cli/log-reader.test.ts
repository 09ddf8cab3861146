import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { followLog, readLog } from "../../platform/cli/log-reader.js";

function temporaryFile(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "im-t-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, "web.log");
}

/** Follows until the test ends; `has` resolves when the text so far is the one expected. */
function follow(t: ExecutionContext, file: string) {
  const ending = new AbortController();
  let text = "";
  let check = (): void => undefined;
  const done = followLog(
    file,
    (chunk) => {
      text += chunk.toString();
      check();
    },
    ending.signal,
  );
  t.teardown(async () => {
    ending.abort();
    await done;
  });
  const has = (expected: string): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (text.length >= expected.length) resolve(t.is(text, expected) ? undefined : t.fail());
      };
      check();
    });
  return { has };
}

test("a log is read with what was rotated away before", (t) => {
  const file = temporaryFile(t);
  writeFileSync(`${file}.1`, "old\n");
  writeFileSync(file, "new\n");
  const parts: string[] = [];
  readLog(file, (chunk) => parts.push(chunk.toString()));
  t.deepEqual(parts, ["old\n", "new\n"]);
});

test("a host that never ran has an empty log", (t) => {
  readLog(temporaryFile(t), () => t.fail());
  t.pass();
});

test("following goes on where reading ended", async (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, "one\n");
  const { has } = follow(t, file);
  await has("one\n");
  appendFileSync(file, "two\n");
  await has("one\ntwo\n");
});

test("following survives rotation, and loses and doubles nothing", async (t) => {
  const file = temporaryFile(t);
  let expected = "start\n";
  writeFileSync(file, expected);
  const { has } = follow(t, file);
  for (let round = 0; round < 5; round += 1) {
    appendFileSync(file, `${round} before\n`);
    renameSync(file, `${file}.1`);
    writeFileSync(file, `${round} after\n`);
    expected += `${round} before\n${round} after\n`;
    await has(expected);
  }
});

test("following waits for a log whose directory is not there yet", async (t) => {
  const file = join(temporaryFile(t), "logs", "web.log");
  const { has } = follow(t, file);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "first\n");
  await has("first\n");
});

test("following starts over in a file that was emptied", async (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, "a long line\n");
  const { has } = follow(t, file);
  await has("a long line\n");
  writeFileSync(file, "short\n");
  await has("a long line\nshort\n");
});
