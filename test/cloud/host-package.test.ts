import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { fromBufferPromise } from "yauzl";
import { glibcMinorOf, requireFunctionGlibc } from "../../platform/cloud/glibc-version.js";
import { packHost } from "../../platform/cloud/host-package.js";
import { ImError } from "../../platform/errors/im-error.js";

interface Unpacked {
  readonly mode: number;
  readonly text: string;
}

test("a package holds bootstrap, host-runtime and the directory as it is", async (t) => {
  const directory = guest(t);
  write(directory, "server.js", "// serves");
  write(directory, "bin/tool", "#!/bin/sh\n");
  chmodSync(join(directory, "bin/tool"), 0o755);
  mkdirSync(join(directory, "data"));
  write(directory, ".cache/x", "kept");
  const files = await unpack((await packHost("web", directory)).zip);
  const own = [...files].filter(([path]) => path.startsWith("guest/"));
  t.deepEqual(Object.fromEntries(own), {
    "guest/.cache/x": { mode: 0o100644, text: "kept" },
    "guest/bin/tool": { mode: 0o100755, text: "#!/bin/sh\n" },
    "guest/data/": { mode: 0o040755, text: "" },
    "guest/server.js": { mode: 0o100644, text: "// serves" },
  });
  t.is(files.get("bootstrap")?.mode, 0o100755);
  for (const path of ["dist/host-runtime/main.js", "build/shim/libim-shim.so", "package.json"]) {
    t.true(files.has(`runtime/${path}`), path);
  }
  // What no program loads would only make it larger.
  t.deepEqual(
    [...files.keys()].filter((path) => /\.(?:ts|map|md)$/.test(path)),
    [],
  );
});

test("links that stay inside are kept, others give way to what they lead to", async (t) => {
  const outside = guest(t);
  write(outside, "shared/text", "shared");
  const directory = guest(t);
  write(directory, "lib/tool.js", "// tool");
  mkdirSync(join(directory, "bin"));
  symlinkSync("../lib/tool.js", join(directory, "bin/relative"));
  symlinkSync(join(directory, "lib"), join(directory, "bin/absolute"));
  symlinkSync(join(outside, "shared"), join(directory, "away"));
  const files = await unpack((await packHost("web", directory)).zip);
  t.deepEqual(files.get("guest/bin/relative"), { mode: 0o120777, text: "../lib/tool.js" });
  t.deepEqual(files.get("guest/bin/absolute"), { mode: 0o120777, text: "../lib" });
  t.deepEqual(files.get("guest/away/text"), { mode: 0o100644, text: "shared" });
  t.not(readlinkSync(join(directory, "bin/absolute")), "../lib");
});

test("the same directory gives the same package, whatever else changes it", async (t) => {
  const directory = guest(t);
  write(directory, "server.js", "1");
  const first = await packHost("web", directory);
  write(directory, "server.js", "1");
  t.is((await packHost("api", directory)).sha256, first.sha256);
  chmodSync(join(directory, "server.js"), 0o755);
  const executable = await packHost("web", directory);
  t.not(executable.sha256, first.sha256);
  write(directory, "server.js", "2");
  t.not((await packHost("web", directory)).sha256, executable.sha256);
});

test("a directory over 250 MB is refused before it is read, the largest named first", async (t) => {
  const directory = guest(t);
  for (const [path, bytes] of [
    ["node_modules/huge/a", 200_000_000],
    ["node_modules/large/b", 60_000_000],
    ["small", 1],
  ] as const) {
    write(directory, path, "");
    truncateSync(join(directory, path), bytes);
  }
  const error = await t.throwsAsync(packHost("web", directory), { instanceOf: ImError });
  t.is(error.code, "IM_PACKAGE_TOO_LARGE");
  t.is(error.details.expected, "at most 262.1 MB unzipped");
  t.regex(
    error.details.received ?? "",
    /are guest\/node_modules\/huge \(200\.0 MB\), guest\/node_modules\/large \(60\.0 MB\), /,
  );
});

test("a package over 50 MB is refused, though its directory is within bounds", async (t) => {
  const directory = guest(t);
  writeFileSync(join(directory, "noise"), randomBytes(52_000_000));
  const error = await t.throwsAsync(packHost("web", directory), { instanceOf: ImError });
  t.is(error.code, "IM_PACKAGE_TOO_LARGE");
  t.is(error.details.expected, "at most 52.4 MB zipped");
  t.regex(error.details.received ?? "", /guest\/noise \(52\.0 MB\)/);
});

test("what cannot be packaged is named", async (t) => {
  const directory = guest(t);
  const socket = join(directory, "live.sock");
  const server = createServer().listen(socket);
  await once(server, "listening");
  await refused(t, directory, /live\.sock cannot be packaged/, /a socket/);
  server.close();
  await once(server, "close");
  symlinkSync(directory, join(directory, "self"));
  await t.notThrowsAsync(packHost("web", directory), "a link to the directory itself is inside");
  const other = guest(t);
  symlinkSync(directory, join(other, "there"));
  rmSync(join(directory, "self"));
  symlinkSync(other, join(directory, "back"));
  await refused(t, directory, /there cannot be packaged/, /circle/);
  await refused(t, join(directory, "absent"), /absent cannot be packaged/, /ENOENT/);
});

test("binaries for a newer system than Lambda's are refused", (t) => {
  const directory = guest(t);
  const [old, recent] = [join(directory, "old"), join(directory, "new")];
  writeFileSync(old, "\0GLIBC_2.2.5\0GLIBC_2.34\0");
  writeFileSync(recent, "\0GLIBC_2.34\0GLIBC_2.38\0");
  t.notThrows(() => requireFunctionGlibc([old]));
  t.throws(() => requireFunctionGlibc([old, recent]), { code: "IM_PACKAGE_INVALID" });
  t.is(glibcMinorOf(Buffer.from("statically linked")), 0);
});

async function refused(
  t: ExecutionContext,
  directory: string,
  message: RegExp,
  received: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(packHost("web", directory), { instanceOf: ImError, message });
  t.is(error.code, "IM_PACKAGE_INVALID");
  t.regex(error.details.received ?? "", received);
}

function guest(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "im-guest-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function write(directory: string, path: string, text: string): void {
  mkdirSync(join(directory, path, ".."), { recursive: true });
  writeFileSync(join(directory, path), text);
}

async function unpack(zip: Buffer): Promise<ReadonlyMap<string, Unpacked>> {
  const files = new Map<string, Unpacked>();
  const archive = await fromBufferPromise(zip, {});
  for await (const entry of archive.eachEntry()) {
    const mode = entry.externalFileAttributes >>> 16;
    const isText = entry.fileName.startsWith("guest/") && !entry.fileName.endsWith("/");
    const text = isText ? await buffer(await archive.openReadStreamPromise(entry)) : "";
    files.set(entry.fileName, { mode, text: text.toString() });
  }
  return files;
}
