import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

export interface PackagedFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

/** Local time on purpose: the zip holds what a clock on the wall shows, whatever the zone. */
const fixedTime = new Date(1980, 0, 1, 0, 0, 0);

/** A function's zip. The same files give the same bytes, and so the same SHA-256. */
export async function packFunction(files: readonly PackagedFile[]): Promise<Buffer> {
  const zip = new ZipFile();
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, content, executable } of sorted) {
    const mode = executable ? 0o100755 : 0o100644;
    zip.addBuffer(content, path, { mtime: fixedTime, mode, forceDosTimestamp: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}
