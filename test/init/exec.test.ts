import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import test from "ava";
import { loadAddon, shimFiles } from "../../shim/index.js";

const addon = loadAddon();

/** Runs im-exec with a control descriptor as its descriptor 3. */
function run(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  const [near, far] = addon.socketPair();
  const result = spawnSync(shimFiles.exec, parameters, {
    stdio: ["ignore", "pipe", "pipe", far],
    env: { PATH: "/usr/bin:/bin", ...environment },
    encoding: "utf8",
  });
  addon.close(near);
  addon.close(far);
  return result;
}

test("the program finds its control descriptor at a high number, and 3 free", (t) => {
  const list = "ls -1 /proc/self/fd | sort -n";
  const usual = spawnSync("sh", ["-c", list], { encoding: "utf8" }).stdout;
  const { status, stdout } = run(["3", "--", "sh", "-c", `echo "$IM_CONTROL"; ${list}; exit 9`]);
  const [control, ...descriptors] = stdout.trim().split("\n");
  t.true(Number(control) >= 900);
  t.deepEqual(descriptors, [...usual.trim().split("\n"), control]);
  t.is(status, 9);
});

test("where descriptors are few, the control descriptor takes the highest", (t) => {
  const script = `ulimit -n 64; exec "$0" 3 -- sh -c 'echo "$IM_CONTROL"'`;
  const [near, far] = addon.socketPair();
  const { stdout } = spawnSync("sh", ["-c", script, shimFiles.exec], {
    stdio: ["ignore", "pipe", "inherit", far],
    encoding: "utf8",
  });
  addon.close(near);
  addon.close(far);
  t.is(stdout, "63\n");
});

// Not existing libraries: the loader complains on stderr, and goes on.
const preloads = [
  [{ IM_PRELOAD: "/a.so" }, "/a.so"],
  [{ IM_PRELOAD: "/a.so", LD_PRELOAD: "" }, "/a.so"],
  [{ IM_PRELOAD: "/a.so", LD_PRELOAD: "/b.so /c.so" }, "/a.so:/b.so /c.so"],
  [{ LD_PRELOAD: "/b.so" }, "/b.so"],
  [{ IM_PRELOAD: "", LD_PRELOAD: "/b.so" }, "/b.so"],
] as const;

for (const [environment, expected] of preloads) {
  test(`${JSON.stringify(environment)} gives the program LD_PRELOAD=${expected}`, (t) => {
    const { stdout } = run(["3", "--", "sh", "-c", 'echo "$LD_PRELOAD"'], environment);
    t.is(stdout, `${expected}\n`);
  });
}

test("IM_PRELOAD does not reach the program", (t) => {
  const { stdout } = run(["3", "--", "env"], { IM_PRELOAD: "/a.so" });
  t.notRegex(stdout, /IM_PRELOAD/);
});

const failures = [
  [["3", "--", "nonsense"], 127, "im: nonsense: No such file or directory\n"],
  [["3", "--", "/tmp"], 126, "im: /tmp: Permission denied\n"],
  [["3", "--", "/bin/sh/x"], 127, "im: /bin/sh/x: Not a directory\n"],
  [["77", "--", "true"], 125, "im: control descriptor: Bad file descriptor\n"],
  [["x", "--", "true"], 125, "im: control descriptor: Bad file descriptor\n"],
  [["3", "true", "--"], 125, "usage: im-exec <descriptor> -- <command> [arguments...]\n"],
  [["3", "--"], 125, "usage: im-exec <descriptor> -- <command> [arguments...]\n"],
] as const;

for (const [parameters, status, message] of failures) {
  test(`\`im-exec ${parameters.join(" ")}\` ends with ${status} and says why`, (t) => {
    const result = run(parameters);
    t.is(result.stderr, message);
    t.is(result.status, status);
  });
}
