import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { LineSplitter, lineBytesMax } from "../../host-runtime/line-splitter.js";
import { LogFile } from "../../host-runtime/log-file.js";
import { OutputRelay } from "../../host-runtime/output-relay.js";
import { loadAddon } from "../../shim/index.js";
import { warmWorld } from "./world.js";

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "im-output-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test("however a stream is cut into chunks, its lines come out whole", (t) => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(bytes, (chunks) => {
      const splitter = new LineSplitter();
      const out = chunks.map((chunk) => splitter.push(Buffer.from(chunk), "> ")).join("");
      const all = out + splitter.end("> ");
      const whole = Buffer.concat(chunks).toString("latin1");
      const expected = whole.endsWith("\n") || whole === "" ? whole : `${whole}\n`;
      const lines = expected.split("\n").slice(0, -1);
      t.is(all, lines.map((line) => `> ${line}\n`).join(""));
    }),
  );
});

test("a long line is cut between characters and none of its bytes is lost", (t) => {
  const line = Buffer.from("ä€😀".repeat(10_000));
  for (const shift of [0, 1, 2, 3]) {
    const splitter = new LineSplitter();
    const text = Buffer.concat([Buffer.alloc(shift, "x"), line, Buffer.from("\nend")]);
    const first = splitter.push(text.subarray(0, 40_000), "");
    const all = first + splitter.push(text.subarray(40_000), "") + splitter.end("");
    const parts = all.trimEnd().split("\n");
    t.is(parts.pop(), "end");
    t.is(parts.join(""), text.subarray(0, -4).toString("latin1"));
    for (const part of parts) {
      t.true(part.length <= lineBytesMax);
      t.notRegex(Buffer.from(part, "latin1").toString(), /\ufffd/);
    }
  }
});

test("a full log becomes the old one", async (t) => {
  const path = join(temporaryDirectory(t), "logs", "web.log");
  const log = new LogFile(path, (text) => `${text}\n`, { rotateBytes: 1000, queueBytes: 100 });
  for (let line = 0; line < 100; line++) {
    log.append(`${String(line).padStart(49, "0")}\n`);
    if (log.behind) await new Promise<void>((resolve) => log.whenRoom(resolve));
  }
  await log.close();
  const text = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
  const numbers = text.trimEnd().split("\n").map(Number);
  t.is(numbers.at(-1), 99);
  numbers.forEach((number, index) => {
    t.is(number, 100 - numbers.length + index);
  });
  t.true(statSync(path).size <= 1000 && statSync(`${path}.1`).size <= 1000);
});

test("a stream that ended before it is carried does not hold up the end", async (t) => {
  const addon = loadAddon();
  const [readEnd, writeEnd] = addon.pipe();
  const stream = new Socket({ fd: readEnd, readable: true, writable: false });
  addon.close(writeEnd);
  await once(stream, "close");
  const path = join(temporaryDirectory(t), "web.log");
  const relay = new OutputRelay(4, path);
  relay.carry(stream, "out");
  await relay.finish("exited code 0");
  t.regex(readFileSync(path, "utf8"), /^\S+ 4 im exited code 0\n$/);
});

test("lines that could not be written are counted in a note when they can be again", async (t) => {
  const path = join(temporaryDirectory(t), "web.log");
  mkdirSync(path);
  const log = new LogFile(path, (text) => `note: ${text}\n`);
  log.append("one\ntwo\n");
  await log.idle();
  log.append("three\n");
  await log.idle();
  rmdirSync(path);
  log.append("four\n");
  await log.close();
  t.is(readFileSync(path, "utf8"), "note: 3 lines lost: EISDIR\nfour\n");
});

test.serial("a guest outlives a full disk", async (t) => {
  const world = await warmWorld(t);
  const script = "seq 1 50000; echo done > finished";
  const peer = await world.boot(world.event(script, { logFile: "/dev/full" }));
  await peer.expect("guest.started");
  t.like(await peer.expect("guest.exited"), { code: 0, signal: null });
  t.is(readFileSync(join(world.directory, "finished"), "utf8"), "done\n");
});

test.serial(
  "all output is in the log before the end is told, the last partial line too",
  async (t) => {
    const world = await warmWorld(t);
    const peer = await world.boot(world.event("seq 1 20000; printf 'no newline'"));
    await peer.expect("guest.started");
    await peer.expect("guest.exited");
    const lines = world.log();
    const expected = Array.from({ length: 20_000 }, (_, index) => `1 out ${index + 1}`);
    t.deepEqual(lines.slice(1, -2), expected);
    t.deepEqual(lines.slice(-2), ["1 out no newline", "1 im exited code 0"]);
  },
);

test.serial("a guest that floods its output does not grow the host-runtime's memory", async (t) => {
  const world = await warmWorld(t);
  const before = residentMb(world.runtime.pid);
  const script = "yes | head -c 5000000; yes 0123456789abcdef | head -c 20000000";
  const peer = await world.boot(world.event(script));
  await peer.expect("guest.started");
  await peer.expect("guest.exited");
  t.true(peakMb(world.runtime.pid) - before < 200);
  t.true(statSync(world.logFile).size <= 10 * 1024 * 1024);
  t.true(statSync(`${world.logFile}.1`).size <= 10 * 1024 * 1024);
});

function residentMb(pid: number | undefined): number {
  return statusMb(pid, /^VmRSS:\s+(\d+) kB/m);
}

function peakMb(pid: number | undefined): number {
  return statusMb(pid, /^VmHWM:\s+(\d+) kB/m);
}

function statusMb(pid: number | undefined, pattern: RegExp): number {
  const [, kilobytes] = pattern.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}
