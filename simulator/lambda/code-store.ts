import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { LambdaError } from "./lambda-error.js";

/** AWS's limits. */
export const unzippedBytesMax = 262_144_000;
export const zipBytesMax = 52_428_800;
/** Ours: a zip of empty files must not fill the disk with directories. */
const entriesMax = 100_000;

const fileTypeMask = 0o170000;
const directoryType = 0o040000;
const regularType = 0o100000;
const linkType = 0o120000;
const linkBytesMax = 4096;

export interface StoredCode {
  readonly key: string;
  readonly bytes: number;
}

/** Function code, unpacked once into a read-only directory that its SHA-256 names. */
export class CodeStore {
  /** One operation at a time: what is being taken into use is never removed meanwhile. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly directory: string) {}

  path(key: string): string {
    return join(this.directory, key);
  }

  /** Unpacks the zip where needed; `use` must record the use before it returns. */
  store<T>(zip: Buffer, use: (code: StoredCode) => T): Promise<T> {
    return this.#exclusively(async () => {
      if (zip.length > zipBytesMax) {
        throw invalid(`Zipped size must be smaller than ${zipBytesMax} bytes`);
      }
      const key = createHash("sha256").update(zip).digest("hex");
      if (!(await exists(this.path(key)))) await this.#unpack(zip, key);
      return use({ key, bytes: zip.length });
    });
  }

  /** Removes all code but what is in use by then. */
  collect(inUse: () => ReadonlySet<string>): Promise<void> {
    return this.#exclusively(async () => {
      const names = await readdir(this.directory);
      const used = inUse();
      for (const name of names) {
        if (!used.has(name)) await removeDirectory(this.path(name));
      }
    });
  }

  #exclusively<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(operation);
    // The next one only waits for the end of this one; its failure is its caller's.
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #unpack(zip: Buffer, key: string): Promise<void> {
    const partial = `${this.path(key)}.partial`;
    await removeDirectory(partial);
    await mkdir(partial, { recursive: true, mode: 0o755 });
    try {
      await unpackInto(zip, partial);
      await rename(partial, this.path(key));
      await makeReadOnly(this.path(key));
    } catch (error) {
      await removeDirectory(partial);
      if (error instanceof LambdaError || isSystemFault(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw invalid(`Could not unzip uploaded file. Please check your file: ${reason}`);
    }
  }
}

async function unpackInto(zip: Buffer, root: string): Promise<void> {
  // The reader itself refuses absolute names, backslashes and `..`.
  const archive = await fromBufferPromise(zip, { strictFileNames: true });
  const links: Entry[] = [];
  let bytes = 0;
  let entries = 0;
  for await (const entry of archive.eachEntry()) {
    entries += 1;
    bytes += entry.uncompressedSize;
    if (entries > entriesMax) throw invalid(`A zip may hold at most ${entriesMax} entries`);
    if (bytes > unzippedBytesMax) {
      throw invalid(`Unzipped size must be smaller than ${unzippedBytesMax} bytes`);
    }
    if (typeOf(entry) === linkType) links.push(entry);
    else await unpackEntry(archive, entry, root);
  }
  // Last, and none below another: nothing is ever written through a link.
  for (const link of links) {
    const above = links.find(({ fileName }) => link.fileName.startsWith(`${fileName}/`));
    if (above !== undefined) throw invalid(`${link.fileName} is below the link ${above.fileName}`);
    await unpackLink(archive, link, root);
  }
}

function typeOf({ externalFileAttributes }: Entry): number {
  return (externalFileAttributes >>> 16) & fileTypeMask;
}

async function unpackLink(archive: ZipFile, entry: Entry, root: string): Promise<void> {
  const path = join(root, entry.fileName);
  if (entry.uncompressedSize > linkBytesMax) {
    throw invalid(`The link ${entry.fileName} has a target that is too long`);
  }
  const target = (await buffer(await archive.openReadStreamPromise(entry))).toString();
  const leadsTo = resolve(dirname(path), target);
  if (leadsTo !== root && !leadsTo.startsWith(root + sep)) {
    throw invalid(`The link ${entry.fileName} leads out of the package`);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await symlink(target, path);
}

async function unpackEntry(archive: ZipFile, entry: Entry, root: string): Promise<void> {
  const path = join(root, entry.fileName);
  const mode = entry.externalFileAttributes >>> 16;
  const type = mode & fileTypeMask;
  if (entry.fileName.endsWith("/") || type === directoryType) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  if (type !== 0 && type !== regularType) {
    throw invalid(`The zip entry ${entry.fileName} is neither a file, a directory nor a link`);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const content = await archive.openReadStreamPromise(entry);
  // It yields as many bytes as the entry declares, or fails.
  await pipeline(content, createWriteStream(path, { flags: "wx" }));
  await chmod(path, type === 0 ? 0o444 : (mode & 0o555) | 0o444);
}

async function makeReadOnly(directory: string): Promise<void> {
  await eachDirectory(directory, (path) => chmod(path, 0o555));
}

/** Also what is read-only, as an unprivileged user. */
async function removeDirectory(directory: string): Promise<void> {
  if (!(await exists(directory))) return;
  await eachDirectory(directory, (path) => chmod(path, 0o755));
  await rm(directory, { recursive: true, force: true });
}

async function eachDirectory(root: string, visit: (path: string) => Promise<void>): Promise<void> {
  await visit(root);
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (entry.isDirectory()) await eachDirectory(join(root, entry.name), visit);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Whatever the reason, it cannot be used: unpacking again will name the reason.
    return false;
  }
}

/** The disk's failure rather than the zip's. */
function isSystemFault(error: unknown): boolean {
  const faults: unknown[] = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EMFILE", "ENFILE"];
  return error instanceof Error && "code" in error && faults.includes(error.code);
}

function invalid(message: string): LambdaError {
  return new LambdaError("InvalidParameterValueException", message);
}
