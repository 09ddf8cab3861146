import { readFileSync } from "node:fs";
import { ImError } from "../errors/im-error.js";

/** Of Amazon Linux 2023, which functions run on. */
const glibcMinorMax = 34;

/** Refuses binaries that a function's dynamic linker would refuse, too late to be understood. */
export function requireFunctionGlibc(binaries: readonly string[]): void {
  for (const path of binaries) {
    const minor = glibcMinorOf(readFileSync(path));
    if (minor <= glibcMinorMax) continue;
    throw new ImError("IM_PACKAGE_INVALID", {
      what: `${path} was built for a newer system than Lambda's`,
      expected: `glibc 2.${glibcMinorMax} or older`,
      received: `it needs glibc 2.${minor}`,
      fix: "run `npm run build` on an older distribution, such as Debian 12 or Amazon Linux 2023",
    });
  }
}

/** The newest version that an ELF file names: they are plain text in its string table. */
export function glibcMinorOf(content: Buffer): number {
  const versions = content.toString("latin1").matchAll(/\0GLIBC_2\.(\d{1,3})(?=[.\0])/g);
  return Math.max(0, ...[...versions].map(([, minor]) => Number(minor)));
}
