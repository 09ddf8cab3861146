import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { daemonVariables, readConfiguration } from "../../platform/daemon/configuration.js";

const user = { uid: process.getuid?.() ?? 0, home: "/home/somebody" };

function temporaryDirectory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "im-t-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test("IM_HOME is the home", (t) => {
  t.is(readConfiguration({ IM_HOME: "/nowhere/state" }, user).home, "/nowhere/state");
});

test("without IM_HOME the home is below XDG_STATE_HOME", (t) => {
  const { home } = readConfiguration({ XDG_STATE_HOME: "/nowhere/xdg" }, user);
  t.is(home, "/nowhere/xdg/imaginary-machines");
});

test("an empty IM_HOME and a relative XDG_STATE_HOME are ignored", (t) => {
  const { home } = readConfiguration({ IM_HOME: "", XDG_STATE_HOME: "state" }, user);
  t.is(home, "/home/somebody/.local/state/imaginary-machines");
});

test("different homes have different runtime directories, and one home always the same", (t) => {
  const first = readConfiguration({ IM_HOME: "/nowhere/a" }, user).runtimeDirectory;
  t.is(readConfiguration({ IM_HOME: "/nowhere/a/" }, user).runtimeDirectory, first);
  t.not(readConfiguration({ IM_HOME: "/nowhere/b" }, user).runtimeDirectory, first);
  t.regex(first, new RegExp(`^/tmp/im-${user.uid}-[0-9a-f]{12}$`));
});

test("a symbolic link to a home leads to the same daemon, also before the home exists", (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, "real"));
  symlinkSync(join(directory, "real"), join(directory, "link"));
  const real = readConfiguration({ IM_HOME: join(directory, "real/state") }, user);
  t.deepEqual(readConfiguration({ IM_HOME: join(directory, "link/state") }, user), real);
});

test("the runtime directory is in XDG_RUNTIME_DIR if that is there, short and one's own", (t) => {
  const session = temporaryDirectory(t);
  const choose = (directory: string, uid = user.uid) =>
    readConfiguration({ IM_HOME: "/nowhere/a", XDG_RUNTIME_DIR: directory }, { ...user, uid })
      .runtimeDirectory;
  t.regex(choose(session), new RegExp(`^${session}/im-[0-9a-f]{12}$`));
  t.true(choose(join(session, "missing")).startsWith("/tmp/im-"));
  t.true(choose(session, user.uid + 1).startsWith("/tmp/im-"));
  const long = join(session, "a-long-name".repeat(6));
  mkdirSync(long);
  t.true(choose(long).startsWith("/tmp/im-"));
});

test("the runtime directory that a daemon has recorded wins over the environment", (t) => {
  const home = temporaryDirectory(t);
  const recorded = temporaryDirectory(t);
  const pidFile = join(home, "daemon.pid");
  writeFileSync(pidFile, `1\n${recorded}\n`);
  t.is(readConfiguration({ IM_HOME: home }, user).runtimeDirectory, recorded);
  writeFileSync(pidFile, `1\n${recorded}/gone\n`);
  t.true(readConfiguration({ IM_HOME: home }, user).runtimeDirectory.startsWith("/tmp/im-"));
});

test("the paths of sockets leave room below the 107 bytes of a Unix socket", (t) => {
  const { daemonSocket } = readConfiguration({ IM_HOME: `/${"x".repeat(300)}` }, user);
  t.true(Buffer.byteLength(daemonSocket) < 72);
});

test("a daemon inherits nothing from the guest that started it", (t) => {
  const configuration = readConfiguration({ IM_HOME: "/nowhere/a" }, user);
  const variables = daemonVariables(configuration, {
    PATH: "/bin",
    IM_CONTROL: "900",
    IM_HOST: "web",
    LD_PRELOAD: "/somewhere/libim-shim.so:/usr/lib/libother.so",
  });
  t.is(variables["PATH"], "/bin");
  t.is(variables["IM_HOME"], "/nowhere/a");
  t.is(variables["LD_PRELOAD"], "/usr/lib/libother.so");
  t.false("IM_CONTROL" in variables);
  t.false("IM_HOST" in variables);
});

test("an invocation lasts 900 s, in tests less and never more", (t) => {
  const seconds = (chosen?: string) =>
    readConfiguration({ IM_HOME: "/nowhere", IM_TEST_TIMEOUT_SECONDS: chosen }, user)
      .timeoutSeconds;
  t.deepEqual([undefined, "", "3", "0", "2000000", "x"].map(seconds), [900, 900, 3, 1, 900, 900]);
});
