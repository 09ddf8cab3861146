/** Threads that run worlds side by side: a world is one history, and histories know of no other. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { SeedOrder, SeedReport } from "./seed-worker.js";

/** MiB: most of what a world makes lives for one event only. */
const youngGenerationMax = 192;

export class SeedWorkers {
  readonly #idle: Worker[] = [];
  readonly #all: readonly Worker[];

  constructor(count: number) {
    const file = new URL("seed-worker.js", import.meta.url);
    const resourceLimits = { maxYoungGenerationSizeMb: youngGenerationMax };
    this.#all = Array.from({ length: count }, () => new Worker(file, { resourceLimits }));
    this.#idle.push(...this.#all);
  }

  /** At most `count` at a time. Rejects with what ended the thread. */
  async run(order: SeedOrder): Promise<SeedReport> {
    const worker = this.#idle.pop();
    if (worker === undefined) throw new Error("every thread is busy");
    worker.postMessage(order);
    const [report]: SeedReport[] = await once(worker, "message");
    if (report === undefined) throw new Error("a thread has nothing to say");
    this.#idle.push(worker);
    return report;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }
}
