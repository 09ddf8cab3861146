/**
 * Freezes trees with cgroup v2: `<own cgroup>/im-<hash>/<environment>`. The processes notice
 * nothing, whatever sessions they made for themselves, and none of them can be forgotten.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { makeCgroup, movePid, pidsIn } from "./cgroup.js";
import { delay } from "./delay.js";
import type { FreezableTree, Freezer } from "./freezer.js";
import { type ProcessTree, signal, signalIfAllowed } from "./process-tree.js";
import { isShortage, whenPossible } from "./shortage.js";

const lookMsMax = 100;
/** A process in an uninterruptible wait freezes only after it. */
const slowMs = 2_000;
const removalTries = 50;
const removalPauseMs = 2;

export class CgroupFreezer implements Freezer {
  readonly kind = "cgroup";
  readonly reason = null;
  readonly pauseMs = 0;

  /** `directory`: of the engine's cgroup, which exists and is its own. */
  constructor(
    private readonly directory: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  open(environmentId: string, tree: ProcessTree): FreezableTree {
    const log = this.log.child({ environment: environmentId });
    return new CgroupTree(join(this.directory, environmentId), this.clock, log, tree);
  }

  async collect(livingIds: ReadonlySet<string>): Promise<void> {
    const names = readdirSync(this.directory, { withFileTypes: true });
    const dead = names.filter((entry) => entry.isDirectory() && !livingIds.has(entry.name));
    for (const { name } of dead) {
      const path = join(this.directory, name);
      killAll(path);
      await removeWhenEmpty(path, this.clock, this.log);
    }
  }

  async close(): Promise<void> {
    await removeWhenEmpty(this.directory, this.clock, this.log);
  }
}

class CgroupTree implements FreezableTree {
  /** Counts freezes and thaws, as a wait for the one must end with the other. */
  #turn = 0;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly tree: ProcessTree,
  ) {}

  /** The shell moves itself: whatever is started after that is born in the cgroup. */
  command(program: string): readonly [string, ...string[]] {
    makeCgroup(this.path);
    const script = 'echo 0 >"$0" && exec "$1"';
    return ["/bin/sh", "-c", script, join(this.path, "cgroup.procs"), program];
  }

  async adopt(): Promise<void> {
    makeCgroup(this.path);
    if (!this.#write("cgroup.freeze", "0")) await this.#thawLater(this.#turn);
    // An engine that had no cgroups may have stopped them.
    for (const { pid, state } of await this.tree.members()) {
      if (state === "T") signalIfAllowed(pid, "SIGCONT");
    }
    for (;;) {
      const inside = new Set(await whenPossible(this.clock, () => pidsIn(this.path)));
      const outside = (await this.tree.members()).filter(({ pid }) => !inside.has(pid));
      if (outside.length === 0) return;
      // What cannot be moved has just ended, or is not ours to move: then it would be met for ever.
      if (outside.filter(({ pid }) => movePid(this.path, pid)).length === 0) return;
    }
  }

  async freeze(): Promise<boolean> {
    this.#turn += 1;
    const turn = this.#turn;
    const beganMs = this.clock.monotonicMs();
    let warned = false;
    let told = false;
    for (let waitMs = 0; turn === this.#turn; waitMs = Math.min(2 * waitMs + 1, lookMsMax)) {
      told ||= this.#write("cgroup.freeze", "1");
      if (told && isFrozen(this.path)) return true;
      if (!warned && this.clock.monotonicMs() - beganMs > slowMs) {
        this.log.warn({ afterMs: slowMs }, "a tree is slow to freeze");
        warned = true;
      }
      await delay(this.clock, waitMs);
    }
    return false;
  }

  thaw(): void {
    this.#turn += 1;
    if (!this.#write("cgroup.freeze", "0")) void this.#thawLater(this.#turn);
  }

  kill(): void {
    this.#turn += 1;
    killAll(this.path);
  }

  remove(): Promise<void> {
    this.#turn += 1;
    return removeWhenEmpty(this.path, this.clock, this.log);
  }

  /** Unless it is frozen or ended before that. */
  async #thawLater(turn: number): Promise<void> {
    do await delay(this.clock, lookMsMax);
    while (turn === this.#turn && !this.#write("cgroup.freeze", "0"));
  }

  /** false: not now, for want of descriptors. */
  #write(file: string, text: string): boolean {
    try {
      writeFileSync(join(this.path, file), text);
      return true;
    } catch (error) {
      if (isShortage(error)) return false;
      // Gone: an administrator removed it, which works only when nobody is in it.
      this.log.warn({ file, error: String(error) }, "the cgroup cannot be written to");
      return true;
    }
  }
}

function isFrozen(path: string): boolean {
  try {
    return /^frozen 1$/m.test(readFileSync(join(path, "cgroup.events"), "latin1"));
  } catch (error) {
    // Else gone, and with it everything that could run.
    return !isShortage(error);
  }
}

/** Frozen or not; and with the cgroups that guests may have made below it. */
function killAll(path: string): void {
  try {
    writeFileSync(join(path, "cgroup.kill"), "1");
  } catch (error) {
    // The tree is killed by what is seen of it in /proc, as soon as that can be seen.
    if (isShortage(error)) return;
    // Gone already, or a kernel before 5.14: SIGKILL for each reaches frozen processes as well.
    for (const pid of existsSync(path) ? pidsIn(path) : []) signal(pid, "SIGKILL");
  }
}

/** A cgroup stays busy for a moment after its last process has ended. */
async function removeWhenEmpty(path: string, clock: Clock, log: Log): Promise<void> {
  for (let attempt = 1; existsSync(path); attempt += 1) {
    try {
      await whenPossible(clock, () => removeTree(path));
    } catch (error) {
      if (attempt === removalTries) {
        log.warn({ path, error: String(error) }, "a cgroup cannot be removed");
        return;
      }
      await delay(clock, removalPauseMs);
    }
  }
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  }
  rmdirSync(path);
}
