import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

export interface PackagedFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  /** Of a link: where it leads, relative to where it is. */
  readonly content: Buffer;
  readonly executable: boolean;
  /** Default: a file. Only a directory that is empty needs an entry of its own. */
  readonly kind?: "file" | "link" | "directory";
}

/** Local time on purpose: the zip holds what a clock on the wall shows, whatever the zone. */
const fixedTime = new Date(1980, 0, 1, 0, 0, 0);

/** A function's zip. The same files give the same bytes, and so the same SHA-256. */
export async function packFunction(files: readonly PackagedFile[]): Promise<Buffer> {
  const zip = new ZipFile();
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const file of sorted) {
    const options = { mtime: fixedTime, mode: modeOf(file), forceDosTimestamp: true };
    if (file.kind === "directory") zip.addEmptyDirectory(file.path, options);
    else zip.addBuffer(file.content, file.path, options);
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** Type and permissions, as a Unix archiver notes them. */
function modeOf({ kind, executable }: PackagedFile): number {
  if (kind === "directory") return 0o040755;
  if (kind === "link") return 0o120777;
  return executable ? 0o100755 : 0o100644;
}
