/** Real trees of processes to be frozen, and what can be seen of them from outside. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import type { Log } from "../../platform/ports/log.js";
import { claimCgroup } from "../../simulator/lambda/cgroup.js";
import { CgroupFreezer } from "../../simulator/lambda/cgroup-freezer.js";
import type { FreezableTree, Freezer } from "../../simulator/lambda/freezer.js";
import { markerVariable, ProcessTable } from "../../simulator/lambda/process-table.js";
import { ProcessTree } from "../../simulator/lambda/process-tree.js";

const quiet = () => undefined;
export const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log };

/** Three generations that write, one of them an orphan in a session of its own. */
export const family = `
  tick() { while :; do echo "$1" >>"$FILE"; sleep 0.002; done; }
  (setsid sh -c 'while :; do echo orphan >>"$FILE"; sleep 0.002; done' &)
  tick child &
  tick parent
`;

/** Forks without end; what it forks has a session of its own, writes, and lives for a moment. */
export const storm = `
  while :; do (setsid sh -c 'echo one >>"$FILE"; sleep 0.02' &); sleep 0.001; done &
  while :; do echo two >>"$FILE"; sh -c 'sleep 0.001'; done
`;

export class TestTree {
  readonly id = randomBytes(8).toString("hex");
  readonly directory = mkdtempSync("/tmp/im-frozen-");
  readonly file = join(this.directory, "ticks");
  readonly processes = new ProcessTree(new ProcessTable(), systemClock, log, this.id);
  freezable: FreezableTree;
  #child: ChildProcess | null = null;

  constructor(t: ExecutionContext, freezer: Freezer) {
    this.freezable = freezer.open(this.id, this.processes);
    t.teardown(() => this.#end());
  }

  /** Resolves when the script has written something. */
  async start(script: string): Promise<void> {
    const program = join(this.directory, "program");
    writeFileSync(program, `#!/bin/sh\n${script}`);
    chmodSync(program, 0o755);
    const [file, ...words] = this.freezable.command(program);
    const env = { ...process.env, FILE: this.file, [markerVariable]: this.id };
    // From here on: a program that writes only once may have done so when its spawn returns.
    const grown = this.grows();
    this.#child = spawn(file, words, { env, stdio: "ignore", detached: true });
    await grown;
  }

  /** Bytes that the processes have written so far. */
  get size(): number {
    return existsSync(this.file) ? statSync(this.file).size : 0;
  }

  /** Resolves when more was written than there is now. */
  async grows(): Promise<void> {
    const before = this.size;
    const watcher = watch(this.directory);
    while (this.size <= before) await once(watcher, "change");
    watcher.close();
  }

  /** Whether anything is written in the next 60 ms, some ten turns of each loop. */
  async rests(): Promise<boolean> {
    const before = this.size;
    await new Promise((resolve) => systemClock.setTimeout(() => resolve(null), 60));
    return this.size === before;
  }

  async #end(): Promise<void> {
    this.freezable.kill();
    await this.processes.kill();
    if (this.#child?.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, "exit");
    }
    await this.freezable.remove();
    rmSync(this.directory, { recursive: true });
  }
}

/** Freezes by cgroups of this process's own, which are gone when the test ends. */
export function cgroups(t: ExecutionContext): CgroupFreezer {
  const { directory } = claimCgroup(`im-test-${process.pid}`);
  if (directory === null) throw new Error("there were cgroups a moment ago");
  const freezer = new CgroupFreezer(directory, systemClock, log);
  t.teardown(async () => {
    await freezer.close();
    assert.equal(existsSync(directory), false);
  });
  return freezer;
}
