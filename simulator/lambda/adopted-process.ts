import type { Clock } from "../../platform/ports/clock.js";
import type { Addon } from "../../shim/index.js";
import { delay, settledWithin } from "./delay.js";
import type { RecordedProcess } from "./environment-record.js";
import { isRunning } from "./process-table.js";
import { type ProcessTree, signal } from "./process-tree.js";
import type { ProcessExit, RootProcess } from "./root-process.js";
import { whenPossible } from "./shortage.js";

const pollMs = 100;
const terminate = 15;

/**
 * The bootstrap of an environment that an earlier engine started. It is no child of this process:
 * its end is seen through a pidfd, or in /proc where there is no addon, its exit code by nobody.
 */
export class AdoptedProcess implements RootProcess {
  readonly pid: number;
  readonly failure = null;
  readonly exited: Promise<void>;
  exit: ProcessExit | null = null;
  #pidfd: number | null = null;

  constructor(
    private readonly recorded: RecordedProcess,
    private readonly clock: Clock,
    private readonly addon: Addon | null,
  ) {
    this.pid = recorded.pid;
    this.exited = this.#watch().then(() => {
      this.exit = { code: null, signal: null };
      if (this.#pidfd !== null) this.addon?.close(this.#pidfd);
      this.#pidfd = null;
    });
  }

  async stop(tree: ProcessTree, clock: Clock, graceMs: number): Promise<void> {
    await tree.members();
    if (this.exit !== null || !(await this.#isRunning())) return;
    this.#terminate();
    await settledWithin(clock, this.exited, graceMs);
  }

  #terminate(): void {
    if (this.#pidfd === null) {
      signal(this.pid, "SIGTERM");
      return;
    }
    try {
      this.addon?.pidfdSendSignal(this.#pidfd, terminate);
    } catch (error) {
      // ESRCH: it ended by itself, which is what was wanted.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  describe(): string {
    return this.exit === null ? "killed" : "its exit status is not known";
  }

  #isRunning(): Promise<boolean> {
    return whenPossible(this.clock, () => isRunning(this.pid, this.recorded.identity));
  }

  async #watch(): Promise<void> {
    const { addon } = this;
    const pidfd = addon === null ? null : openPidfd(addon, this.pid);
    // Only now: the descriptor is that of the process that still runs.
    if (!(await this.#isRunning())) {
      if (pidfd !== null) addon?.close(pidfd);
      return;
    }
    this.#pidfd = pidfd;
    if (addon === null || pidfd === null) {
      while (await this.#isRunning()) await delay(this.clock, pollMs);
      return;
    }
    await new Promise<void>((resolve) => addon.watch(pidfd, resolve));
  }
}

/** null: it has ended, or this kernel has none. */
function openPidfd(addon: Addon, pid: number): number | null {
  try {
    return addon.pidfdOpen(pid);
  } catch {
    // Either way /proc tells the rest.
    return null;
  }
}
