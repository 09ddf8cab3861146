import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { shimFiles } from "../../shim/index.js";
import { program } from "./guests.js";

const folder = fileURLToPath(new URL("../../../shim", import.meta.url));

function dump(flag: string, file: string = shimFiles.preload): string {
  return execFileSync("objdump", [flag, file], { encoding: "utf8" });
}

/** What a file takes from the C library that 2.26 does not have. */
function tooNew(file: string): readonly string[] {
  const symbols = [...dump("-T", file).matchAll(/\(?GLIBC_2\.(\d+)[\d.]*\)?\s+(\S+)/g)];
  if (symbols.length === 0) throw new Error(`${file} takes nothing from the C library`);
  return symbols.filter(([, minor]) => Number(minor) > 26).map(([, , name]) => name ?? "");
}

test("what runs in an environment beside the guest needs nothing that glibc 2.26 lacks", (t) => {
  // The startup code of the machine that compiles: an old one puts in an old one's.
  for (const file of [shimFiles.init, shimFiles.exec]) {
    t.deepEqual(
      tooNew(file).filter((name) => name !== "__libc_start_main"),
      [],
    );
    const needed = [...dump("-p", file).matchAll(/NEEDED\s+(\S+)/g)].map((match) => match[1]);
    t.deepEqual(needed, ["libc.so.6"]);
  }
});

test("the preload library needs nothing that glibc 2.26 lacks", (t) => {
  t.deepEqual(tooNew(shimFiles.preload), []);
  const needed = [...dump("-p").matchAll(/NEEDED\s+(\S+)/g)].map((match) => match[1]);
  t.deepEqual(needed, ["libdl.so.2", "libc.so.6"]);
});

test("the preload library exports what it stands in front of, and nothing else", (t) => {
  const list = execFileSync("sed", ["-nE", "s/^WRAPPED\\([^,]*, ([a-z0-9_]+),.*/\\1/p"], {
    input: execFileSync("cat", [join(folder, "src/wrapped.def")]),
    encoding: "utf8",
  });
  const exported = [...dump("-T").matchAll(/ g\s+DF \.text\s+\S+\s+(?:Base\s+)?(\S+)/g)];
  t.deepEqual(exported.map((match) => match[1] ?? "").sort(), list.trim().split("\n").sort());
});

test("the table reader answers right, and survives 50,000 damaged tables", (t) => {
  t.is(
    execFileSync(program("table-mutations"), ["1", "50000"], { encoding: "utf8" }),
    "19 right\n",
  );
});

test("the table reader never reads beside a damaged table (ASan, UBSan)", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-sanitized-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const target = join(directory, "table-mutations");
  execFileSync("make", ["-s", "-C", folder, "SANITIZE=1", `FIXTURES=${directory}`, target]);
  const answer = execFileSync(target, ["7", "50000"], { encoding: "utf8" });
  t.is(answer, "19 right\n");
});
