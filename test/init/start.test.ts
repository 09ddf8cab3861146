import { mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { loadAddon } from "../../shim/index.js";
import { fixture, isAlive, Session, startMessage } from "./session.js";

const addon = loadAddon();

test("a command is started, its output relayed, its end reported, and init ends", async (t) => {
  const session = new Session(t);
  const pid = await session.start(["sh", "-c", "echo out; echo err >&2; exit 5"]);
  t.true(pid > 1);
  t.is(await session.output.next(), "out");
  t.is(await session.errors.next(), "err");
  t.is(await session.output.next(), null);
  t.is(await session.errors.next(), null);
  t.is(await session.status.next(), "exited 5 -");
  t.is(await session.status.next(), "empty");
  t.is(await session.status.next(), null);
  t.deepEqual(await session.exited, [0, null]);
});

test("a command that a signal ends is reported with the signal", async (t) => {
  const session = new Session(t);
  await session.start(["sh", "-c", "kill -USR1 $$"]);
  t.is(await session.status.next(), "exited - 10");
  t.is(await session.status.next(), "empty");
});

test("directory, arguments and environment are the guest's own", async (t) => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "im-init-")));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const session = new Session(t);
  const script = 'pwd; echo "$#:$1:$2"; echo "$GREETING"; env | grep -c "^IM_CONTROL="';
  await session.start(
    ["sh", "-c", script, "sh", "one two", ""],
    ["IM_CONTROL=1", "GREETING=hé llo\nworld", "PATH=/usr/bin:/bin", "IM_CONTROL=2"],
    directory,
  );
  const lines = [];
  for (let i = 0; i < 5; i++) lines.push(await session.output.next());
  t.deepEqual(lines, [directory, "2:one two:", "hé llo", "world", "1"]);
});

test("the command is found by the guest's PATH, relative to its directory", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-init-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  symlinkSync("/bin/echo", join(directory, "say"));
  const byPath = new Session(t);
  await byPath.start(["say", "by path"], [`PATH=/nowhere:${directory}`]);
  t.is(await byPath.output.next(), "by path");
  const relative = new Session(t);
  await relative.start(["./say", "relative"], [], directory);
  t.is(await relative.output.next(), "relative");
});

test("a script without an interpreter line runs, as a shell would run it", async (t) => {
  const session = new Session(t);
  await session.start([fixture("plain-text.sh"), "yes"]);
  t.is(await session.output.next(), "without an interpreter line: yes");
});

const failures = [
  { title: "a command that does not exist", command: ["nonsense"], line: "failed 2 exec" },
  { title: "a directory as a command", command: ["/tmp"], line: "failed 13 exec" },
  { title: "a missing directory", command: ["true"], in: "/nonsense", line: "failed 2 chdir" },
  { title: "a file as the directory", command: ["true"], in: "/bin/sh", line: "failed 20 chdir" },
] as const;

for (const failure of failures) {
  test(`${failure.title} is reported with its errno`, async (t) => {
    const session = new Session(t);
    const directory = "in" in failure ? failure.in : "/";
    session.send(startMessage(failure.command, ["PATH=/usr/bin:/bin"], directory));
    t.is(await session.status.next(), failure.line);
    t.is(await session.status.next(), null);
    t.deepEqual(await session.exited, [0, null]);
    t.is(await session.output.next(), null);
  });
}

const malformed: readonly (readonly [string, Buffer])[] = [
  ["too long", Buffer.from([1, 0, 16, 0])],
  ["too short", Buffer.from([7, 0, 0, 0])],
  ["without a command", startMessage([])],
  ["with a string that does not end", truncated(startMessage(["true"], []), 1)],
  ["with more strings than it says", withCount(startMessage(["true", "x"], []), 4, 1)],
  ["with fewer strings than it says", withCount(startMessage(["true", "x"], []), 8, 1)],
  ["with absurd counts", withCount(startMessage(["true"], []), 4, 0xffffffff)],
];

for (const [title, message] of malformed) {
  test(`a start message ${title} is refused`, async (t) => {
    const session = new Session(t);
    session.send(message);
    t.is(await session.status.next(), "failed 71 exec");
    t.deepEqual(await session.exited, [0, null]);
  });
}

test("a start message that comes byte by byte, a command behind it, is understood", async (t) => {
  const session = new Session(t);
  const message = Buffer.concat([startMessage(["sleep", "1000"]), Buffer.from("nonsense\nkill\n")]);
  for (const byte of message) {
    session.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  t.regex((await session.status.next()) ?? "", /^started \d+$/);
  t.is(await session.status.next(), "exited - 9");
  t.is(await session.status.next(), "empty");
});

test("a guest has its control descriptor at a high number, and nothing else of ours", async (t) => {
  const session = new Session(t);
  const script = 'echo "$IM_CONTROL"; ls -1 /proc/self/fd | sort -n | tr "\\n" " "';
  await session.start(["sh", "-c", script]);
  const control = Number(await session.output.next());
  t.true(control >= 900);
  // 3 is the directory that ls itself reads.
  t.is(await session.output.next(), `0 1 2 3 ${control} `);
  t.is(await session.status.next(), "exited 0 -");
  await session.exited;
  t.is(addon.receivePacket(session.control), "end");
});

test("a guest's output ends with the guest, not with init", async (t) => {
  const session = new Session(t);
  await session.start(["sh", "-c", "exec >&- 2>&-; sleep 1000"]);
  t.is(await session.output.next(), null);
  t.is(await session.errors.next(), null);
  t.true(isAlive(session.process.pid ?? 0));
  session.send("kill\n");
  t.is(await session.status.next(), "exited - 9");
});

test("a guest starts with default signals, none blocked, in a session of its own", async (t) => {
  const session = new Session(t);
  const pid = await session.start(["sh", "-c", "grep Sig /proc/self/status; ps -o sid= -p $$"]);
  const lines: Record<string, string> = {};
  for (let i = 0; i < 6; i++) {
    const [name, value] = ((await session.output.next()) ?? "").split(/:?\s+/);
    lines[name ?? ""] = value ?? "";
  }
  t.is(lines["SigBlk"], "0000000000000000");
  t.is(lines["SigIgn"], "0000000000000000");
  t.true(String(pid) in lines || Object.values(lines).includes(String(pid)));
});

test("init that is ended before it has a guest leaves at once", async (t) => {
  const killed = new Session(t);
  killed.send(startMessage(["true"]).subarray(0, 9));
  killed.hangUp();
  t.deepEqual(await killed.exited, [0, null]);
});

function truncated(message: Buffer, bytes: number): Buffer {
  const shorter = Buffer.from(message.subarray(0, message.length - bytes));
  shorter.writeUInt32LE(shorter.length - 4, 0);
  return shorter;
}

function withCount(message: Buffer, offset: number, count: number): Buffer {
  const changed = Buffer.from(message);
  changed.writeUInt32LE(count, offset);
  return changed;
}
