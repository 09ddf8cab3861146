import test from "ava";
import { findWrongDirection } from "./import-directions.js";
import { maskSource } from "./mask.js";
import * as rules from "./rules.js";
import type { Finding, SourceFile } from "./source-files.js";

function source(text: string, path = "platform/supervisor/x.ts"): SourceFile {
  return { path, text, code: maskSource(text, /\.[ch]$/.test(path)) };
}

function whats(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ line, what }) => `${line}: ${what}`);
}

test("comments and literals are blanked, code within templates is not", (t) => {
  const tick = "`";
  const calls = `a("{"); // {\n/* { */ b(${tick}{\${ c({}) }{${tick}); `;
  const text = `${calls}d = /[/{]"/; e = 1 / 2; f('}')`;
  const masked = maskSource(text, false);
  t.is(masked.length, text.length);
  t.is(masked.replace(/ +/g, " "), "a( ); \n b( c({}) ); d = ; e = 1 / 2; f( )");
});

test("a function of 61 lines is found at its head, whatever kind it is", (t) => {
  const body = "  call();\n".repeat(59);
  const heads = [
    "function f(a: {b: string}): void {",
    "export async function f(): Promise<{a: 1}> {",
    "function f(a: string): {a: 1} {",
    "const f = async (a: string) => {",
    'test("title", (t) => {',
    "class A {\n  f(): void {",
    "  async #f(a = () => 1) {",
  ];
  for (const head of heads) {
    const first = head.split("\n").length;
    const expected = [`${first}: a function of 61 lines`];
    t.deepEqual(whats(rules.findLongFunctions(source(`${head}\n${body}}\n}`))), expected, head);
    const short = source(`${head}\n${body.replace("  call();\n", "")}}\n}`);
    t.deepEqual(whats(rules.findLongFunctions(short)), [], head);
  }
});

test("a long function in C is found, a long class, table or struct is none", (t) => {
  const body = "  x;\n".repeat(80);
  const inC = source(`static int f(int a,\n    int b) {\n${body}}\n`, "shim/src/x.c");
  t.deepEqual(whats(rules.findLongFunctions(inC)), ["1: a function of 83 lines"]);
  t.deepEqual(whats(rules.findLongFunctions(source(`struct s {\n${body}};`, "shim/src/x.c"))), []);
  t.deepEqual(whats(rules.findLongFunctions(source(`class A extends B {\n${body}}`))), []);
  t.deepEqual(whats(rules.findLongFunctions(source(`const table = {\n${body}};`))), []);
});

test("long lines and long files are found", (t) => {
  t.deepEqual(whats(rules.findLongLines(source(`${"é".repeat(100)}\n${"a".repeat(101)}`))), [
    "2: 101 characters in a line",
  ]);
  t.deepEqual(whats(rules.findLongFile(source("a\n".repeat(300)))), []);
  t.deepEqual(whats(rules.findLongFile(source("a\n".repeat(301)))), ["1: 301 lines"]);
});

test("environment, time, timers and randomness are found outside adapters only", (t) => {
  const lines = [
    "process.env.X;",
    "Date.now();",
    "Math.random();",
    "setTimeout(f, 1);",
    "setInterval(f, 1);",
    "performance.now();",
    "new Date();",
    'import { setTimeout as wait } from "node:timers/promises";',
  ];
  for (const line of lines) {
    t.is(rules.findWorldAccess(source(line)).length, 1, line);
    t.is(rules.findWorldAccess(source(line, "platform/network/x-adapter.ts")).length, 0, line);
  }
  const allowed = ["clock.setTimeout(f, 1);", "  setTimeout(callback: F): T;", "// Date.now()"];
  for (const line of allowed) t.deepEqual(rules.findWorldAccess(source(line)), []);
});

test("an empty catch is found, one that gives its reason is none", (t) => {
  for (const text of ["try {} catch {}", "try {} catch (e) {\n}", "p.catch(() => {});"]) {
    t.is(rules.findEmptyCatches(source(text)).length, 1, text);
  }
  for (const text of ["catch {\n  // gone already\n}", "p.catch(() => { /* gone */ });"]) {
    t.deepEqual(rules.findEmptyCatches(source(text)), [], text);
  }
});

test("any is found in types, not in words", (t) => {
  t.is(rules.findForbiddenTypes(source("a as any; b: any; c<any>()")).length, 3);
  t.is(rules.findForbiddenTypes(source("// as any\n'as any'; anyMap: anything")).length, 0);
});

test("vague names and other cases are found", (t) => {
  for (const name of ["utils.ts", "helpers.test.ts", "common.c", "MyFile.ts", "my_file.c"]) {
    t.is(rules.findBadName(source("", `shim/${name}`)).length, 1, name);
  }
  for (const name of ["im-error.ts", "x.d.ts", "a.test.ts", "protocol.h"]) {
    t.deepEqual(rules.findBadName(source("", `shim/${name}`)), [], name);
  }
});

const directions = [
  ["platform/cli/main.ts", "../daemon/client.js", true],
  ["platform/daemon/client.ts", "../cli/main.js", false],
  ["platform/supervisor/a.ts", "../lifecycle/decide.js", true],
  ["platform/lifecycle/decide.ts", "../supervisor/a.js", false],
  ["platform/lifecycle/decide.ts", "../../shim/index.js", false],
  ["platform/membership/a.ts", "../network/b.js", false],
  ["host-runtime/main.ts", "../platform/protocol/control.js", true],
  ["host-runtime/main.ts", "../platform/supervisor/a.js", false],
  ["simulator/lambda/a.ts", "../../platform/ports/clock.js", true],
  ["simulator/lambda/a.ts", "../../platform/membership/a-adapter.js", false],
  ["platform/daemon/compose.ts", "../../simulator/lambda/a.js", true],
  ["platform/daemon/deployments.ts", "../../simulator/lambda/a.js", false],
  ["shim/index.ts", "../platform/errors/im-error.js", false],
] as const;

for (const [from, to, isAllowed] of directions) {
  test(`${from} ${isAllowed ? "may" : "may not"} import ${to}`, (t) => {
    for (const text of [`import { a } from "${to}";`, `await import("${to}");`]) {
      const found = rules.ownImports(source(text, from)).flatMap(findWrongDirection);
      t.is(found.length, isAllowed ? 0 : 1, text);
    }
  });
}
