import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { loadAddon } from "../../shim/index.js";
import { throwsErrno } from "./expect-errno.js";

const addon = loadAddon();

test("a pidfd is readable when its process ends, and signals only that process", async (t) => {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  const exited = once(child, "exit");
  const pidfd = addon.pidfdOpen(child.pid ?? 0);
  t.teardown(() => addon.close(pidfd));
  const ended = new Promise<void>((resolve) => addon.watch(pidfd, resolve));
  addon.pidfdSendSignal(pidfd, 0);
  addon.pidfdSendSignal(pidfd, 15);
  await ended;
  t.deepEqual(await exited, [null, "SIGTERM"]);
  throwsErrno(t, () => addon.pidfdSendSignal(pidfd, 15), "ESRCH");
});

test("another process's descriptor is duplicated, or refused by errno", async (t) => {
  const child = spawn("sh", ["-c", "echo held; read line"], { stdio: ["pipe", "pipe", "ignore"] });
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  const pidfd = addon.pidfdOpen(child.pid ?? 0);
  throwsErrno(t, () => addon.pidfdGetDescriptor(pidfd, 77), ["EBADF", "EPERM"]);
  try {
    addon.close(addon.pidfdGetDescriptor(pidfd, 1));
  } catch (error) {
    t.like(error, { code: "EPERM" }); // where ptrace rules forbid it
  }
  child.stdin.end("end\n");
  await exited;
  throwsErrno(t, () => addon.pidfdGetDescriptor(pidfd, 1), "ESRCH");
  addon.close(pidfd);
});

test("a process that does not exist has no pidfd", (t) => {
  throwsErrno(t, () => addon.pidfdOpen(4_194_305), ["ESRCH", "EINVAL"], "pidfd_open");
  throwsErrno(t, () => addon.pidfdOpen(0), "EINVAL");
});

test("an abstract name is held by one, until that one closes it", (t) => {
  const name = `im-test-${process.pid}`;
  const held = addon.bindAbstract(name);
  if (held === null) return t.fail("nobody else can hold it");
  t.is(addon.bindAbstract(name), null);
  addon.close(held);
  const again = addon.bindAbstract(name);
  t.not(again, null);
  if (again !== null) addon.close(again);
  throwsErrno(t, () => addon.bindAbstract("n".repeat(108)), "ENAMETOOLONG");
  throwsErrno(t, () => addon.bindAbstract(""), "ERR_INVALID_ARG_TYPE");
});

test("a file is locked by one, until that one closes it", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-addon-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const first = openSync(join(directory, "lock"), "w");
  const second = openSync(join(directory, "lock"), "r");
  t.true(addon.tryLock(first));
  t.false(addon.tryLock(second));
  closeSync(first);
  t.true(addon.tryLock(second));
  closeSync(second);
  throwsErrno(t, () => addon.tryLock(99999), "EBADF");
});

test("a duplicate lives on when the original is closed, and close is by errno", (t) => {
  const [readEnd, writeEnd] = addon.pipe();
  const duplicate = addon.duplicate(writeEnd);
  t.true(duplicate > 2 && duplicate !== writeEnd);
  for (const descriptor of [readEnd, writeEnd, duplicate]) addon.close(descriptor);
  throwsErrno(t, () => addon.close(99999), "EBADF", "close");
  throwsErrno(t, () => addon.duplicate(99999), "EBADF");
});
