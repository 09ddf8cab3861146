import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { ownCalls, ownCallsText } from "../../host-runtime/own-calls.js";
import { exitText } from "../../host-runtime/start-failure.js";

interface Part {
  readonly type: number;
  readonly bytes?: Buffer;
}

const interpreter: Part = { type: 3 };

function noteOf(owner: string, type: number): Part {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(owner.length, 0);
  head.writeUInt32LE(3, 4);
  head.writeUInt32LE(type, 8);
  return { type: 4, bytes: Buffer.concat([head, Buffer.from(owner), Buffer.from("id\0\0")]) };
}

/** As much of a program's file as is looked at. */
function elf(...parts: readonly Part[]): Buffer {
  const head = Buffer.alloc(64 + parts.length * 56);
  head.writeUInt32BE(0x7f454c46, 0);
  head[4] = 2;
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(parts.length, 56);
  let offset = head.length;
  for (const [n, { type, bytes }] of parts.entries()) {
    head.writeUInt32LE(type, 64 + n * 56);
    head.writeBigUInt64LE(BigInt(offset), 64 + n * 56 + 8);
    head.writeBigUInt64LE(BigInt(bytes?.length ?? 0), 64 + n * 56 + 32);
    offset += bytes?.length ?? 0;
  }
  return Buffer.concat([head, ...parts.map(({ bytes }) => bytes ?? Buffer.alloc(0))]);
}

const gnu = noteOf("GNU\0", 3);
const go = noteOf("Go\0\0", 4);

const programs: Readonly<Record<string, readonly [Buffer, ReturnType<typeof ownCalls>]>> = {
  "a dynamic program": [elf(interpreter, gnu), null],
  "a static program": [elf(gnu), "static"],
  "a program in Go": [elf(go), "Go"],
  "a program in Go that is dynamic": [elf(interpreter, gnu, go), "Go"],
  "another note of Go's": [elf(interpreter, noteOf("Go\0\0", 5)), null],
  "a program that was cut off": [elf(interpreter, go).subarray(0, 100), null],
  "a script": [Buffer.from(`#!/bin/sh\n${" ".repeat(100)}`), null],
  "an empty file": [Buffer.alloc(0), null],
};
for (const [name, [head, kind]] of Object.entries(programs)) {
  test(`${name} is told by its head: ${kind}`, (t) => t.is(ownCalls(head), kind));
}

test("the log says of a program that failed that it cannot serve, and of no other", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-own-calls-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "bin"));
  writeFileSync(join(directory, "bin/goes"), elf(interpreter, go));
  writeFileSync(join(directory, "bin/links"), elf(interpreter));
  const ended = (program: string, code: number | null, signal: string | null = null) =>
    exitText(
      { command: [program], directory, environment: { PATH: "/nowhere:bin" } },
      { code, signal },
    );
  const reason = "as a server it cannot be handed its ports";
  t.is(ended("goes", 1), `exited code 1; goes is written in Go: ${reason}`);
  t.is(ended("bin/goes", 2), `exited code 2; bin/goes is written in Go: ${reason}`);
  t.is(ended("goes", 0), "exited code 0");
  t.is(ended("goes", null, "SIGKILL"), "exited signal SIGKILL");
  t.is(ended("links", 1), "exited code 1");
  t.is(ended("gone", 1), "exited code 1");
  t.is(ownCallsText({ program: process.execPath, directory, searchPath: "" }), null);
});

test("what cannot be looked into is not told", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-own-calls-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "program"));
  for (const program of ["program", "./program", "missing"]) {
    t.is(ownCallsText({ program, directory, searchPath: directory }), null);
  }
});
