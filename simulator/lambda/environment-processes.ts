import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import type { Addon } from "../../shim/index.js";
import { AdoptedProcess } from "./adopted-process.js";
import { Bootstrap, type BootstrapPlace } from "./bootstrap.js";
import type { RecordedProcess } from "./environment-record.js";
import type { FreezableTree, Freezer } from "./freezer.js";
import type { Blueprint } from "./function-record.js";
import { peakMemoryMb } from "./peak-memory.js";
import { identityOf, type ProcessTable } from "./process-table.js";
import { ProcessTree } from "./process-tree.js";
import type { ProcessExit, RootProcess } from "./root-process.js";
import { Suspension, type SuspensionEvents } from "./suspension.js";

interface ProcessHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly addon: Addon | null;
  readonly table: ProcessTable;
  readonly freezer: Freezer;
}

/** All processes of one environment: started or adopted, frozen, measured, and ended. */
export class EnvironmentProcesses {
  readonly suspension: Suspension;
  /** Names the bootstrap on disk; null: it was not started. */
  recorded: RecordedProcess | null = null;
  #root: RootProcess | null = null;
  #peakMemoryMb = 0;
  readonly #tree: ProcessTree;
  readonly #freezable: FreezableTree;

  constructor(
    id: string,
    private readonly host: ProcessHost,
    events: SuspensionEvents,
  ) {
    const { table, clock, log, freezer } = host;
    this.#tree = new ProcessTree(table, clock, log, id);
    this.#freezable = freezer.open(id, this.#tree);
    this.suspension = new Suspension(clock, this.#freezable, freezer.pauseMs, events);
  }

  /** Of the bootstrap. */
  get pid(): number | null {
    return this.#root?.pid ?? null;
  }

  get exit(): ProcessExit | null {
    return this.#root?.exit ?? null;
  }

  /** The bootstrap could not be executed at all. */
  get failed(): boolean {
    return this.#root !== null && this.#root.failure !== null;
  }

  /** What it and its descendants had in memory at most, as far as was looked. */
  get peakMemoryMb(): number {
    return this.#peakMemoryMb;
  }

  start(blueprint: Blueprint, place: Omit<BootstrapPlace, "wrap">, exited: () => void): void {
    const wrap = (program: string) => this.#freezable.command(program);
    const bootstrap = new Bootstrap(blueprint, { ...place, wrap });
    this.#root = bootstrap;
    const { pid } = bootstrap;
    const identity = pid === null ? null : identityOf(pid);
    if (pid !== null && identity !== null) this.recorded = { pid, identity };
    void bootstrap.exited.then(exited);
  }

  /** What an earlier engine left, running or frozen or dead. */
  adopt(recorded: RecordedProcess, exited: () => void): void {
    this.recorded = recorded;
    this.#root = new AdoptedProcess(recorded, this.host.clock, this.host.addon);
    void this.#root.exited.then(exited);
  }

  /** Only what runs can notice that the engine that it knew is gone. */
  wakeAdopted(): Promise<void> {
    return this.#freezable.adopt();
  }

  measure(): void {
    if (this.pid === null) return;
    this.#peakMemoryMb = Math.max(this.#peakMemoryMb, peakMemoryMb(this.pid));
  }

  /** SIGTERM and that much time, or SIGKILL at once; resolves when nothing is left. */
  async end(graceMs: number): Promise<void> {
    if (graceMs > 0) {
      // What is frozen could not follow.
      this.suspension.thaw();
      await this.#root?.stop(this.#tree, this.host.clock, graceMs);
    }
    this.#freezable.kill();
    await this.#tree.kill();
    await Promise.all([this.#root?.exited, this.#freezable.remove()]);
  }

  describe(): string {
    return this.#root?.describe() ?? "not started";
  }
}
