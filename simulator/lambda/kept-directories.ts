import { rm } from "node:fs/promises";
import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { Blueprint } from "./function-record.js";
import { whenPossible } from "./shortage.js";

/** Whose environment it was that was reset, and where its directory is. */
export interface Inheritance {
  readonly functionName: string;
  readonly tenantId: string | null;
  readonly owner: string;
  /** Of the environment: `tmp` is below it. */
  readonly directory: string;
}

/**
 * What is left of environments that were reset, after a timeout or a crash: as on Lambda the next
 * event of the same function and tenant finds `/tmp` as it was, and everything else new.
 */
export class KeptDirectories {
  readonly #kept = new Map<Inheritance, TimerHandle>();
  readonly #removals = new Set<Promise<void>>();

  constructor(
    private readonly clock: Clock,
    private readonly keepMs: number,
  ) {}

  keep(inheritance: Inheritance): void {
    const timer = this.clock.setTimeout(() => void this.#remove(inheritance), this.keepMs);
    this.#kept.set(inheritance, timer);
  }

  /** The caller's from now on; null: nobody of these has left anything. */
  takeFor(whose: () => ReadonlySet<string>): Inheritance | null {
    if (this.#kept.size === 0) return null;
    const owners = whose();
    for (const [inheritance, timer] of this.#kept) {
      if (!owners.has(inheritance.owner)) continue;
      this.clock.clearTimeout(timer);
      this.#kept.delete(inheritance);
      return inheritance;
    }
    return null;
  }

  /** Resolves when nothing of the function's is left. */
  async forget(functionName: string): Promise<void> {
    const theirs = [...this.#kept.keys()].filter((kept) => kept.functionName === functionName);
    const own = theirs.map((inheritance) => this.#remove(inheritance));
    await Promise.all([...own, ...this.#removals]);
  }

  #remove(inheritance: Inheritance): Promise<void> {
    this.clock.clearTimeout(this.#kept.get(inheritance));
    this.#kept.delete(inheritance);
    const options = { recursive: true, force: true };
    const removal = whenPossible(this.clock, () => rm(inheritance.directory, options));
    this.#removals.add(removal);
    return removal.finally(() => this.#removals.delete(removal));
  }
}

/** Environments that several functions share are not reset: a fresh spare is faster. */
export function isReset(blueprint: Blueprint): boolean {
  return blueprint.identity !== null;
}
