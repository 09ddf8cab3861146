/** `im run` before a fake supervisor: what the program gets, and what becomes of its end. */
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  type CallOptions,
  callIm,
  type FakeDaemon,
  imProgram,
  startFakeDaemon,
} from "../fixtures/daemon/fake-daemon-process.js";

async function run(
  t: ExecutionContext,
  words: readonly string[],
  options: Omit<CallOptions, "home"> = {},
) {
  const daemon: FakeDaemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  return await callIm(["run", ...words], { home: daemon.configuration.home, ...options });
}

test("the program's output and exit code are im's", async (t) => {
  const outcome = await run(t, ["--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
  t.like(outcome, { code: 7, signal: null, stdout: "out\n", stderr: "err\n" });
});

test("options behind the command belong to the program, also without --", async (t) => {
  const { stdout } = await run(t, ["echo", "--debug", "-f", "--", "x"]);
  t.is(stdout, "--debug -f -- x\n");
});

test("the program finds what the supervisor answered, and an open control socket", async (t) => {
  const script = 'echo $IM_DEPLOYMENT $IM_FAKE_CONTROLS; readlink "/proc/self/fd/$IM_CONTROL"';
  const { stdout } = await run(t, ["--", "sh", "-c", script]);
  t.regex(stdout, /^shop 1\nsocket:\[\d+\]\n$/);
});

test("the program inherits the environment, but nothing that im uses for itself", async (t) => {
  const { stdout } = await run(t, ["--", "sh", "-c", "echo $MINE; env | grep -c ^IM_PRELOAD="], {
    variables: { MINE: "mine", IM_PRELOAD: "/nowhere.so" },
  });
  t.is(stdout, "mine\n0\n");
});

test("the program finds the home of im wherever it goes", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const { home } = daemon.configuration;
  const { stdout } = await callIm(["run", "--", "sh", "-c", 'cd /; echo "$IM_HOME"'], {
    home: relative(process.cwd(), home),
  });
  t.is(stdout, `${home}\n`);
});

for (const exitCode of [0, 3]) {
  test(`a program that ends with ${exitCode} is explained only where it failed`, async (t) => {
    const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=broken" });
    const { home } = daemon.configuration;
    await callIm(["wake", "broken"], { home });
    const quiet = await callIm(["run", "--", "false"], { home });
    t.is(quiet.stderr, "");
    const wake = `"${process.execPath}" "${imProgram}" wake broken 2>/dev/null; exit ${exitCode}`;
    const { code, stderr } = await callIm(["run", "--", "sh", "-c", wake], { home });
    t.is(code, exitCode);
    const reason = "broken failed: IM_GUEST_EXITED broken ended before it listened";
    t.is(stderr, exitCode === 0 ? "" : `im: ${reason} (im logs broken)\n`);
  });
}

test("a command that does not exist is told before anything is started", async (t) => {
  const { code, stderr } = await run(t, ["--", "no-such-program"]);
  t.is(code, 1);
  t.regex(stderr, /^error\[IM_COMMAND_NOT_FOUND\]: no-such-program cannot be run\n/);
});

test("a refusal of the supervisor is the error that it names", async (t) => {
  const { code, stderr } = await run(t, ["--as", "nobody", "--", "true"]);
  t.is(code, 1);
  t.regex(stderr, /^error\[IM_NO_HOST\]: no host `nobody`\n/);
});

test("a program that a signal ends takes im along with the same signal", async (t) => {
  const { code, signal, stderr } = await run(t, ["--", "sh", "-c", "kill -TERM $$"]);
  t.is(code, null);
  t.is(signal, "SIGTERM");
  t.is(stderr, "");
});

for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"] as const) {
  test(`${name} reaches the program, whose answer to it counts`, async (t) => {
    let sent = false;
    const trap = `trap 'echo got; exit 9' ${name.slice(3)}; echo ready; read forever`;
    const fifo = "mkfifo f && exec 8<>f && rm f";
    const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
    const { home } = daemon.configuration;
    const script = join(home, "script.sh");
    writeFileSync(script, `cd ${home} && ${fifo}; ${trap} <&8`);
    const { code, stdout } = await callIm(["run", "--", "bash", script], {
      home,
      onOutput: (text, kill) => {
        if (sent || !text.includes("ready")) return;
        sent = true;
        kill(name);
      },
    });
    t.is(stdout, "ready\ngot\n");
    t.is(code, 9);
  });
}

test("a shell is the user's own", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const { code, stdout } = await callIm(["shell"], {
    home: daemon.configuration.home,
    variables: { SHELL: "/usr/bin/env" },
  });
  t.is(code, 0);
  t.regex(stdout, /^PS1=\(im shop\) /m);
  t.regex(stdout, /^IM_DEPLOYMENT=shop$/m);
});

test("a shell that does not exist is told with what to do", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const { code, stderr } = await callIm(["shell"], {
    home: daemon.configuration.home,
    variables: { SHELL: "/no/such/shell" },
  });
  t.is(code, 1);
  t.regex(stderr, /fix: set SHELL to a shell that exists/);
});
