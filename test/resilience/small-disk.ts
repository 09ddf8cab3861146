/** A disk of a test's own that is soon full: a tmpfs, which only root may mount. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { onlyIf } from "../process/requirements.js";

const piece = Buffer.alloc(4096, 1);

export class SmallDisk {
  readonly #filler: string;

  private constructor(readonly path: string) {
    this.#filler = join(path, "filler");
  }

  /** Unmounted when the test ends: call it before the world that is to use it is opened. */
  static mount(t: ExecutionContext, path: string, kilobytes: number): SmallDisk {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!mount(path, kilobytes)) throw new Error(`nothing can be mounted on ${path}`);
    t.teardown(() => unmount(path));
    return new SmallDisk(path);
  }

  /** Not a byte is left. */
  fill(): void {
    for (const size of [piece.length, 1]) {
      while (this.#grow(piece.subarray(0, size)));
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  #grow(bytes: Buffer): boolean {
    try {
      writeFileSync(this.#filler, bytes, { flag: "a" });
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
      throw error;
    }
  }
}

/** Declares tests where this machine lets us mount; skips them by name elsewhere. */
export const needingDisks = onlyIf(canMount(), "root, and mount of a tmpfs");

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), "im-mount-"));
  const mounted = mount(path, 64);
  if (mounted) unmount(path);
  rmdirSync(path);
  return mounted;
}

function mount(path: string, kilobytes: number): boolean {
  const options = `size=${kilobytes}k,mode=0700`;
  return spawnSync("mount", ["-t", "tmpfs", "-o", options, "im-test", path]).status === 0;
}

/** Lazily: what still has a file open there is found by the world's own search for leftovers. */
function unmount(path: string): void {
  spawnSync("umount", ["-l", path]);
}
