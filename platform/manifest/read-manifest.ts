import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { ImError } from "../errors/im-error.js";
import type { Manifest } from "./manifest.js";
import { manifestBytesMax, parseManifest, tooLarge } from "./parse-manifest.js";

/** Every mistake of one manifest, in the order of its text. */
export class ManifestErrors extends Error {
  readonly errors: readonly ImError[];

  constructor(file: string, errors: readonly ImError[]) {
    const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
    super(`${count} in ${file}`);
    this.name = "ManifestErrors";
    this.errors = errors;
  }
}

/**
 * Reads and validates the manifest at `path`; `descriptorsMax` is how many descriptors one process
 * may have open here. Rejects with `ManifestErrors`, which holds IM_MANIFEST_UNREADABLE where the
 * file itself cannot be read.
 */
export async function readManifest(
  path: string,
  options: { readonly descriptorsMax: number },
): Promise<Manifest> {
  const file = resolve(path);
  const bytes = await readBounded(file);
  if (bytes.length > manifestBytesMax) {
    throw new ManifestErrors(file, [tooLarge("more than that", file)]);
  }
  const parsed = parseManifest(decode(bytes, file), { ...options, file });
  if ("errors" in parsed) throw new ManifestErrors(file, parsed.errors);
  return parsed.manifest;
}

/** At most one byte more than allowed: the file may be a pipe, or have no end. */
async function readBounded(file: string): Promise<Buffer> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, "r");
    const chunks: Buffer[] = [];
    let total = 0;
    while (total <= manifestBytesMax) {
      const chunk = Buffer.alloc(Math.min(64 * 1024, manifestBytesMax + 1 - total));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    throw unreadable(file, cause);
  } finally {
    await handle?.close();
  }
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(file, cause, "it is not UTF-8 text");
  }
}

function unreadable(file: string, cause: unknown, reason?: string): ManifestErrors {
  const received = reason ?? (cause instanceof Error ? cause.message : String(cause));
  const error = new ImError("IM_MANIFEST_UNREADABLE", {
    what: `cannot read the manifest ${file}`,
    expected: "a readable file of UTF-8 text",
    received,
    cause,
  });
  return new ManifestErrors(file, [error]);
}
