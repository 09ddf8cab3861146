/** AWS's limits for a package that is uploaded directly, checked before anything is created. */
import { ImError } from "../errors/im-error.js";

export const zippedBytesMax = 52_428_800;
export const unzippedBytesMax = 262_144_000;

const biggestShownMax = 5;
/** A directory of packages is told apart by package: `guest/node_modules/typescript`. */
const groupDepth = 3;

interface Sized {
  readonly path: string;
  readonly bytes: number;
}

export function requireUnzippedSize(what: string, files: readonly Sized[]): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > unzippedBytesMax) throw tooLarge(what, "unzipped", bytes, unzippedBytesMax, files);
}

export function requireZippedSize(what: string, bytes: number, files: readonly Sized[]): void {
  if (bytes > zippedBytesMax) throw tooLarge(what, "zipped", bytes, zippedBytesMax, files);
}

/** 52428800 → "52.4 MB". */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function tooLarge(
  what: string,
  how: "zipped" | "unzipped",
  bytes: number,
  bytesMax: number,
  files: readonly Sized[],
): ImError {
  return new ImError("IM_PACKAGE_TOO_LARGE", {
    what: `${what} is too large for a Lambda function`,
    expected: `at most ${formatMegabytes(bytesMax)} ${how}`,
    received: `${formatMegabytes(bytes)}; unzipped, the largest are ${biggest(files)}`,
  });
}

function biggest(files: readonly Sized[]): string {
  const groups = new Map<string, number>();
  for (const { path, bytes } of files) {
    const group = path.split("/").slice(0, groupDepth).join("/");
    groups.set(group, (groups.get(group) ?? 0) + bytes);
  }
  return [...groups]
    .sort(([, a], [, b]) => b - a)
    .slice(0, biggestShownMax)
    .map(([group, bytes]) => `${group} (${formatMegabytes(bytes)})`)
    .join(", ");
}
