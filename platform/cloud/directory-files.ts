/** What of a directory goes into a package: everything, as it is. */
import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ImError } from "../errors/im-error.js";
import type { PackagedFile } from "./function-package.js";

export interface DirectoryEntry {
  /** In the package, relative, with forward slashes. */
  readonly path: string;
  /** On this machine, absolute. */
  readonly source: string;
  readonly kind: "file" | "link" | "directory";
  readonly bytes: number;
  readonly executable: boolean;
  /** Where a link leads, relative to where it is. */
  readonly target: string;
}

/**
 * Links that stay inside of the directory are kept as links; what others lead to is taken in their
 * place. Throws `ImError` IM_PACKAGE_INVALID for what can be neither read nor kept.
 */
export function listDirectory(directory: string, prefix: string): readonly DirectoryEntry[] {
  const root = readable(directory, () => realpathSync(directory));
  return new Walk(root).below(root, prefix, [root]);
}

export function fileEntry(source: string, path: string): DirectoryEntry {
  return regularFile(
    source,
    path,
    readable(source, () => statSync(source)),
  );
}

export function readEntry(entry: DirectoryEntry): PackagedFile {
  const { path, source, kind, executable, target } = entry;
  if (kind !== "file") return { path, content: Buffer.from(target), executable, kind };
  return { path, content: readable(source, () => readFileSync(source)), executable };
}

class Walk {
  constructor(private readonly root: string) {}

  /** `chain`: the directories that lead here, so that links in a circle are noticed. */
  below(directory: string, prefix: string, chain: readonly string[]): readonly DirectoryEntry[] {
    const names = readable(directory, () => readdirSync(directory));
    if (names.length === 0) {
      const [source, kind] = [directory, "directory"] as const;
      return [{ path: prefix, source, kind, bytes: 0, executable: false, target: "" }];
    }
    return names.flatMap((name) => this.#entry(join(directory, name), `${prefix}/${name}`, chain));
  }

  #entry(source: string, path: string, chain: readonly string[]): readonly DirectoryEntry[] {
    const status = readable(source, () => lstatSync(source));
    if (status.isDirectory()) return this.below(source, path, chain);
    if (status.isSymbolicLink()) {
      const target = this.#insideTarget(source);
      if (target === null) return this.#followed(source, path, chain);
      return [{ path, source, kind: "link", bytes: target.length, executable: false, target }];
    }
    return [regularFile(source, path, status)];
  }

  /** null: it leads out of the directory. */
  #insideTarget(source: string): string | null {
    const written = readlinkSync(source);
    const target = resolve(dirname(source), written);
    if (target !== this.root && !target.startsWith(this.root + sep)) return null;
    // An absolute path of this machine would lead nowhere in a function.
    return isAbsolute(written) ? relative(dirname(source), target) || "." : written;
  }

  #followed(source: string, path: string, chain: readonly string[]): readonly DirectoryEntry[] {
    const real = readable(source, () => realpathSync(source));
    const status = statSync(real);
    if (!status.isDirectory()) return [regularFile(real, path, status)];
    if (chain.includes(real)) throw invalid(source, "a link that ends somewhere", "a circle");
    return new Walk(real).below(real, path, [...chain, real]);
  }
}

function regularFile(source: string, path: string, status: Stats): DirectoryEntry {
  if (!status.isFile()) {
    throw invalid(source, "a file, a directory or a link", "a socket, a pipe or a device");
  }
  const executable = (status.mode & 0o111) !== 0;
  return { path, source, kind: "file", bytes: status.size, executable, target: "" };
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(path, "something that can be read", reason, cause);
  }
}

function invalid(path: string, expected: string, received: string, cause?: unknown): ImError {
  return new ImError("IM_PACKAGE_INVALID", {
    what: `${path} cannot be packaged`,
    expected,
    received,
    ...(cause === undefined ? {} : { cause }),
  });
}
