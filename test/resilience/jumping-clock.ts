/** A wall clock that jumps, for everything of a world that is started after it was given one. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, type World } from "../process/world.js";

export const day = 24 * 3600;

export class JumpingClock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
    this.jump(0);
  }

  /** Before the world's daemon is started. */
  static give(world: World): JumpingClock {
    const library = join(world.directory, "wall-clock.so");
    const source = join(root, "test/fixtures/clock/wall-clock.c");
    const flags = ["-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", library, source, "-ldl"];
    const { status, stderr } = spawnSync("cc", flags, { encoding: "utf8" });
    if (status !== 0) throw new Error(`the clock cannot be compiled: ${stderr}`);
    const file = join(world.directory, "clock");
    const clock = new JumpingClock(file);
    world.environment["LD_PRELOAD"] = library;
    world.environment["IM_TEST_CLOCK"] = file;
    return clock;
  }

  /** Off the machine's own, by so many seconds. */
  jump(seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place: it is mapped.
    writeFileSync(this.#file, bytes, { flag: "a" });
    writeFileSync(this.#file, bytes, { flag: "r+" });
  }
}
