/** `im` as a process, before a daemon over the fake service. */
import { appendFileSync, chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  callIm,
  type FakeDaemon,
  startFakeDaemon,
} from "../fixtures/daemon/fake-daemon-process.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";

function shop(t: ExecutionContext): Promise<FakeDaemon> {
  return startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web,broken" });
}

async function im(daemon: FakeDaemon, ...words: readonly string[]) {
  return await callIm(words, { home: daemon.configuration.home });
}

for (const words of [["status"], ["events"], ["logs", "web"], ["run", "true"], ["down"]]) {
  test(`im ${words.join(" ")} says that nothing is deployed, and starts nothing`, async (t) => {
    const { home, lockFile } = temporaryConfiguration(t);
    const { code, stdout, stderr } = await callIm(words, { home });
    t.is(code, 1);
    t.is(stdout, "");
    t.regex(stderr, /^error\[IM_NO_DEPLOYMENT\]: nothing is deployed\n.*\n.*\n {2}fix: /);
    t.false(existsSync(lockFile));
  });
}

const mistakes: readonly (readonly [words: readonly string[], what: RegExp])[] = [
  [["frob"], /unknown command 'frob'/],
  [["status", "--frob"], /unknown option '--frob'/],
  [["wake"], /missing required argument 'host'/],
  [["run"], /missing required argument 'command'/],
  [["deploy", "m.yaml", "--cloud", "moon"], /moon.*Allowed choices are local, aws/],
  [["stauts"], /unknown command 'stauts'\n.*\n.*\n {2}fix: did you mean `status`\?/],
];
for (const [words, what] of mistakes) {
  test(`im ${words.join(" ")} is a usage error`, async (t) => {
    const { home } = temporaryConfiguration(t);
    const { code, stderr } = await callIm(words, { home });
    t.is(code, 1);
    t.regex(stderr, /^error\[IM_USAGE\]: /);
    t.regex(stderr, what);
  });
}

test("every command has a help text with an example", async (t) => {
  const { home } = temporaryConfiguration(t);
  const commands =
    "deploy run shell status events logs why doctor metrics wake suspend stop down".split(" ");
  const all = await callIm(["--help"], { home });
  t.is(all.code, 0);
  for (const command of commands) {
    t.regex(all.stdout, new RegExp(`^ {2}${command} `, "m"));
    const { code, stdout } = await callIm([command, "--help"], { home });
    t.is(code, 0);
    t.regex(stdout, new RegExp(`Examples:\n {2}.*im ${command}`));
  }
});

test("im alone prints its help, and --version its version", async (t) => {
  const { home } = temporaryConfiguration(t);
  const alone = await callIm([], { home });
  t.is(alone.code, 0);
  t.regex(alone.stdout, /^Usage: im /);
  const version = await callIm(["--version"], { home });
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

test("hosts are woken, shown, followed in their events, and stopped", async (t) => {
  const daemon = await shop(t);
  const woken = await im(daemon, "wake", "web");
  t.regex(woken.stdout, /^web: running \(\d+ ms\)\n$/);
  const table = await im(daemon, "status");
  t.regex(table.stdout, /^NAME +STATE .*\nweb +running +127\.64\.0\.10 .*\nbroken +imaginary /);
  const json = await im(daemon, "--deployment", "shop", "status", "web", "--json");
  const document = JSON.parse(json.stdout);
  t.is(document.hosts.length, 1);
  t.is(document.hosts[0].incarnation, 1);
  const stopped = await im(daemon, "stop", "web");
  t.is(stopped.stdout, "web: imaginary\n");
  const events = await im(daemon, "events", "--json", "--deployment", "shop");
  const states = events.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).to);
  t.deepEqual(states, ["allocating", "running", "imaginary"]);
});

test("one host that cannot be woken does not keep the others from it", async (t) => {
  const daemon = await shop(t);
  const { code, stdout, stderr } = await im(daemon, "wake", "broken", "web", "nobody");
  t.is(code, 1);
  t.regex(stdout, /^web: running/);
  t.regex(stderr, /error\[IM_GUEST_EXITED\].*error\[IM_NO_HOST\].*\n2 errors\n$/s);
});

test("a host that is not declared is named as such", async (t) => {
  const daemon = await shop(t);
  const { code, stderr } = await im(daemon, "status", "wbe");
  t.is(code, 1);
  t.regex(stderr, /^error\[IM_NO_HOST\]: .*\n {2}expected: one of web, broken\n/);
});

test("the log is printed, and followed until Ctrl-C", async (t) => {
  const daemon = await shop(t);
  const file = join(daemon.configuration.home, "logs", "web.log");
  mkdirSync(dirname(file));
  writeFileSync(file, "2026-01-01T00:00:00.000Z 1 out hello\n");
  const printed = await im(daemon, "logs", "web");
  t.is(printed.stdout, "2026-01-01T00:00:00.000Z 1 out hello\n");
  const followed = await callIm(["logs", "-f", "web"], {
    home: daemon.configuration.home,
    onOutput: (stdout, kill) => {
      if (stdout.includes("more")) kill("SIGINT");
      else appendFileSync(file, "2026-01-01T00:00:01.000Z 1 err more\n");
    },
  });
  t.is(followed.signal, "SIGINT");
  t.regex(followed.stdout, /out hello\n.*err more\n$/s);
  t.is(followed.stderr, "");
});

test("a log is followed until the deployment ends, to its last line", async (t) => {
  const daemon = await shop(t);
  const file = join(daemon.configuration.home, "logs", "web.log");
  mkdirSync(dirname(file));
  writeFileSync(file, "first\n");
  let ending: Promise<unknown> | null = null;
  const followed = await callIm(["logs", "-f", "web"], {
    home: daemon.configuration.home,
    onOutput: () => {
      if (ending !== null) return;
      ending = im(daemon, "down");
      appendFileSync(file, "last\n");
    },
  });
  await ending;
  t.deepEqual(followed, {
    code: 0,
    signal: null,
    stdout: "first\nlast\n",
    stderr: "shop: ended\n",
  });
});

test("a pipe gets all of the output, however slowly it is read", async (t) => {
  const daemon = await shop(t);
  const file = join(daemon.configuration.home, "logs", "web.log");
  mkdirSync(dirname(file));
  writeFileSync(file, "x".repeat(1_000_000));
  const main = new URL("../../platform/cli/main.js", import.meta.url).pathname;
  const script = `"$0" "${main}" logs web | { sleep 0.5; wc -c; }`;
  const { execFile } = await import("node:child_process");
  const env = { ...process.env, IM_HOME: daemon.configuration.home, XDG_RUNTIME_DIR: "" };
  const output = await new Promise<string>((resolve, reject) => {
    execFile("/bin/sh", ["-c", script, process.execPath], { env }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
  t.is(output.trim(), "1000000");
});

test("a host of a class that was never real is shown when it is asked for", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web,w-0,w-1" });
  const all = JSON.parse((await im(daemon, "status", "--json")).stdout);
  t.deepEqual([all.hosts.length, all.imaginary], [1, 2]);
  const one = JSON.parse((await im(daemon, "status", "w-1", "--json")).stdout);
  t.deepEqual(Object.keys(one), Object.keys(all));
  t.deepEqual([one.hosts.length, one.hosts[0].name, one.imaginary], [1, "w-1", 0]);
});

test("a home that belongs to another user is named as such", async (t) => {
  const { home } = temporaryConfiguration(t);
  const own = process.getuid?.() ?? 0;
  if (own === 0) chownSync(home, 65_534, 65_534);
  const theirs = own === 0 ? home : "/";
  for (const words of [["status"], ["run", "--", "true"]]) {
    const { code, stderr } = await callIm(words, { home: theirs });
    t.is(code, 1);
    t.regex(stderr, /^error\[IM_DIRECTORY_UNSAFE\]: .*\n.*\n {2}received: owned by \d+\n/);
    t.notRegex(stderr, /remove it/);
  }
});

test("a deployment that is not there is answered with those that are", async (t) => {
  const daemon = await shop(t);
  const { code, stderr } = await im(daemon, "status", "--deployment", "nope");
  t.is(code, 1);
  t.regex(stderr, /called `nope`\n {2}expected: one of shop\n {2}received: `nope`\n {2}fix: name/);
});

test("events are followed until the deployment ends", async (t) => {
  const daemon = await shop(t);
  await im(daemon, "wake", "web");
  let ending: Promise<unknown> | null = null;
  const { code, stdout } = await callIm(["events", "-f"], {
    home: daemon.configuration.home,
    onOutput: () => {
      ending ??= im(daemon, "down");
    },
  });
  await ending;
  t.is(code, 0);
  t.regex(stdout, /web 1 imaginary → allocating request by im/);
});

test("a watched status is drawn again with each event, and ends with the deployment", async (t) => {
  const daemon = await shop(t);
  let step = 0;
  const calls: Promise<unknown>[] = [];
  const { code, stdout } = await callIm(["status", "--watch", "--json"], {
    home: daemon.configuration.home,
    onOutput: (text) => {
      if (step === 0) calls.push(im(daemon, "wake", "web"));
      if (step === 0) step = 1;
      if (step === 1 && text.includes('"state":"running"')) {
        step = 2;
        calls.push(im(daemon, "down"));
      }
    },
  });
  await Promise.all(calls);
  t.is(code, 0);
  const states = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).hosts[0].state);
  t.is(states[0], "imaginary");
  t.is(states.at(-1), "running");
});

test("im down ends the deployment and waits until the daemon is gone", async (t) => {
  const daemon = await shop(t);
  const { code, stdout } = await im(daemon, "down");
  t.is(code, 0);
  const logs = join(daemon.configuration.home, "deployments/shop/logs");
  t.is(stdout, `shop: ended; logs are in ${logs}\n`);
  t.false(existsSync(daemon.configuration.runtimeDirectory));
  t.is(await daemon.ended, 0);
});

test("of several deployments one must be named, and --all ends them all", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web;blog=web" });
  const ambiguous = await im(daemon, "status");
  t.regex(ambiguous.stderr, /^error\[IM_AMBIGUOUS_DEPLOYMENT\].*\n {2}expected: one of shop, blog/);
  const named = await im(daemon, "status", "--json", "--deployment", "blog");
  t.is(JSON.parse(named.stdout).deployment, "blog");
  const down = await im(daemon, "down", "--all");
  t.regex(down.stdout, /^shop: ended; .*\nblog: ended; .*\n$/);
  t.is((await im(daemon, "down", "--all")).code, 0);
});

test("a daemon of another version serves nothing but its end", async (t) => {
  const variables = { FAKE_DEPLOYMENTS: "shop=web", FAKE_VERSION: "0.0.1" };
  const daemon = await startFakeDaemon(t, variables);
  const status = await im(daemon, "status");
  t.is(status.code, 1);
  t.regex(
    status.stderr,
    /^error\[IM_DAEMON_VERSION\].*\n.*\n {2}received: 0\.0\.1 \(process \d+\)/,
  );
  t.regex((await im(daemon, "down")).stdout, /^shop: ended; /);
});

test("a reader that has had enough is no error", async (t) => {
  const daemon = await shop(t);
  await im(daemon, "wake", "web");
  const { home } = daemon.configuration;
  const main = new URL("../../platform/cli/main.js", import.meta.url).pathname;
  const { execFile } = await import("node:child_process");
  const script = `"$0" "${main}" status --watch --json | head -n 1 | wc -l`;
  const output = await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, IM_HOME: home, XDG_RUNTIME_DIR: "" };
    const timer = setInterval(() => void im(daemon, "wake", "web"), 1000);
    execFile("/bin/sh", ["-c", script, process.execPath], { env }, (error, stdout, stderr) => {
      clearInterval(timer);
      if (error === null) resolve(stdout + stderr);
      else reject(error);
    });
  });
  t.is(output.trim(), "1");
});
