import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  hasRuntimeDirectory,
  prepareHome,
  prepareRuntimeDirectory,
} from "../../platform/daemon/directories.js";
import { ImError } from "../../platform/errors/im-error.js";

const uid = process.getuid?.() ?? 0;

function temporaryDirectory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "im-t-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

function refuses(t: ExecutionContext, call: () => void, received: string): void {
  const error = t.throws(call, { instanceOf: ImError });
  t.is(error?.code, "IM_DIRECTORY_UNSAFE");
  t.is(error?.details.received, received);
}

test("a runtime directory is made for its owner alone, whatever the umask", (t) => {
  const path = join(temporaryDirectory(t), "run");
  const before = process.umask(0o777);
  try {
    prepareRuntimeDirectory(path, uid);
  } finally {
    process.umask(before);
  }
  t.is(statSync(path).mode & 0o777, 0o700);
  prepareRuntimeDirectory(path, uid);
});

test("a runtime directory that others may enter is refused", (t) => {
  const path = join(temporaryDirectory(t), "run");
  mkdirSync(path);
  chmodSync(path, 0o755);
  refuses(t, () => prepareRuntimeDirectory(path, uid), "mode 0755");
});

test("a symbolic link in place of the runtime directory is refused", (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, "real"), { mode: 0o700 });
  symlinkSync(join(directory, "real"), join(directory, "run"));
  refuses(t, () => prepareRuntimeDirectory(join(directory, "run"), uid), "a symbolic link");
});

test("a runtime directory of somebody else is refused", (t) => {
  const path = temporaryDirectory(t);
  refuses(t, () => prepareRuntimeDirectory(path, uid + 1), `owned by ${uid}`);
});

test("a runtime directory that would be refused is not asked for a daemon either", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "run");
  t.false(hasRuntimeDirectory(path, uid));
  symlinkSync(directory, path);
  refuses(t, () => hasRuntimeDirectory(path, uid), "a symbolic link");
  t.true(hasRuntimeDirectory(directory, uid));
  refuses(t, () => hasRuntimeDirectory(directory, uid + 1), `owned by ${uid}`);
});

test("a home is made with the directories above it", (t) => {
  const path = join(temporaryDirectory(t), "a/b");
  prepareHome(path, uid);
  t.is(statSync(path).mode & 0o777, 0o700);
});

test("a home that others may write to is refused", (t) => {
  const path = temporaryDirectory(t);
  chmodSync(path, 0o777);
  refuses(t, () => prepareHome(path, uid), "mode 0777");
});

test("a home that cannot be made is the user's mistake", (t) => {
  const error = t.throws(() => prepareHome("/proc/no/such", uid), { instanceOf: ImError });
  t.is(error?.code, "IM_DIRECTORY_UNSAFE");
  t.is(error?.exitCode, 1);
});
