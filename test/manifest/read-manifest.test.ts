import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { ManifestErrors, readManifest } from "../../platform/manifest/read-manifest.js";

const options = { descriptorsMax: 10_000 };

async function withFile(content: string | Buffer, use: (file: string) => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), "im-manifest-"));
  try {
    const file = join(directory, "manifest.yaml");
    await writeFile(file, content);
    await use(file);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function errorsFrom(path: string) {
  return await readManifest(path, options).then(
    () => [],
    (error: unknown) => {
      if (error instanceof ManifestErrors) return error.errors;
      throw error;
    },
  );
}

test("a file is read, and its own folder is the directory of its hosts", async (t) => {
  await withFile("deployment: a\nhosts: {a: {command: a}}\n", async (file) => {
    const manifest = await readManifest(file, options);
    t.is(manifest.file, file);
    t.is(manifest.classes[0]?.directory, join(file, ".."));
  });
});

test("all mistakes of a file are rejected together", async (t) => {
  await withFile("deployment: A\nhosts: {a: {}}\n", async (file) => {
    const errors = await errorsFrom(file);
    t.deepEqual(
      errors.map((error) => [error.code, error.details.place?.file]),
      [
        ["IM_MANIFEST_INVALID", file],
        ["IM_MANIFEST_INVALID", file],
      ],
    );
    await t.throwsAsync(readManifest(file, options), { message: `2 errors in ${file}` });
  });
});

for (const [title, path] of [
  ["a file that does not exist", "/nonexistent/manifest.yaml"],
  ["a directory", "/"],
] as const) {
  test(`${title} is unreadable`, async (t) => {
    const errors = await errorsFrom(path);
    t.deepEqual(
      errors.map((error) => error.code),
      ["IM_MANIFEST_UNREADABLE"],
    );
  });
}

test("bytes that are no text are unreadable", async (t) => {
  await withFile(Buffer.from([0x61, 0x3a, 0xff, 0xfe]), async (file) => {
    const [error] = await errorsFrom(file);
    t.is(error?.details.received, "it is not UTF-8 text");
  });
});

test("a file without end is refused after 1 MiB", async (t) => {
  const [error] = await errorsFrom("/dev/zero");
  t.is(error?.details.what, "the manifest is too large");
});
