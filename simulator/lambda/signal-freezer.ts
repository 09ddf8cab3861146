/** Freezes trees with SIGSTOP: everywhere and without any right, but visible to the processes. */
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { delay } from "./delay.js";
import type { FreezableTree, Freezer } from "./freezer.js";
import type { ProcessEntry } from "./process-table.js";
import { type ProcessTree, signalIfAllowed } from "./process-tree.js";

const pauseMs = 50;
const firstLookMs = 1;
const lookMsMax = 50;
/** A tree that forks faster than it can be stopped is left alone after so many looks: 3 s. */
const looksMax = 64;

/** What a stopped process looks like; `D` will stop before it runs anything of its own again. */
const restingStates = new Set(["T", "t", "D"]);

export class SignalFreezer implements Freezer {
  readonly kind = "signals";
  readonly pauseMs = pauseMs;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    readonly reason: string | null,
  ) {}

  open(environmentId: string, tree: ProcessTree): FreezableTree {
    return new StoppableTree(this.clock, this.log.child({ environment: environmentId }), tree);
  }

  async collect(): Promise<void> {
    // Signals leave nothing behind.
  }

  async close(): Promise<void> {
    // As above.
  }
}

class StoppableTree implements FreezableTree {
  /** Sent SIGSTOP since the last thaw. */
  readonly #stopped = new Map<number, string>();
  /** Set-user-id programs that an ordinary user cannot stop. */
  readonly #foreign = new Set<number>();
  /** Counts freezes and thaws: a freeze that is no longer the last one stops nothing more. */
  #turn = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly tree: ProcessTree,
  ) {}

  command(program: string): readonly [string] {
    return [program];
  }

  async adopt(): Promise<void> {
    for (const { pid, state } of await this.tree.members()) {
      if (state === "T") signalIfAllowed(pid, "SIGCONT");
    }
  }

  async freeze(): Promise<boolean> {
    this.#turn += 1;
    const turn = this.#turn;
    let waitMs = firstLookMs;
    for (let look = 1; look <= looksMax; look += 1) {
      const members = await this.tree.members();
      if (turn !== this.#turn) return false;
      const running = members.filter((entry) => !this.#rests(entry));
      if (running.length === 0) return true;
      for (const { pid, startTime } of running) {
        this.#stopped.set(pid, startTime);
        if (!signalIfAllowed(pid, "SIGSTOP")) this.#foreign.add(pid);
      }
      await delay(this.clock, waitMs);
      if (turn !== this.#turn) return false;
      waitMs = Math.min(waitMs * 2, lookMsMax);
    }
    this.log.warn({ looks: looksMax }, "a tree forks faster than it can be stopped");
    this.thaw();
    return false;
  }

  thaw(): void {
    this.#turn += 1;
    for (const pid of this.#stopped.keys()) signalIfAllowed(pid, "SIGCONT");
    this.#stopped.clear();
    this.#foreign.clear();
  }

  kill(): void {
    this.#turn += 1;
    // A number that was stopped may be another process's by now: only a fresh look tells.
  }

  async remove(): Promise<void> {
    this.#stopped.clear();
  }

  /** One that was stopped by somebody else is not ours to continue, and rests all the same. */
  #rests({ pid, startTime, state }: ProcessEntry): boolean {
    if (this.#foreign.has(pid)) return true;
    if (state === "D") return this.#stopped.get(pid) === startTime;
    return restingStates.has(state);
  }
}
