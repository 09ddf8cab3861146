import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { shimFiles } from "../../shim/index.js";
import { program } from "./guests.js";

const folder = fileURLToPath(new URL("../../../shim", import.meta.url));

function dump(flag: string): string {
  return execFileSync("objdump", [flag, shimFiles.preload], { encoding: "utf8" });
}

test("the preload library needs nothing that glibc 2.26 lacks", (t) => {
  const versions = [...dump("-T").matchAll(/\(?GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]));
  t.true(versions.length > 0);
  t.deepEqual(
    versions.filter((minor) => minor > 26),
    [],
  );
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
