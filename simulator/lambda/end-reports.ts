import { EventEmitter } from "node:events";
import type { EnvironmentEnded } from "./environment-contract.js";

/**
 * Tells whoever listens that environments have ended. What ends before the first listener is there
 * waits for it: an engine finds the dead of an earlier one while its owner is still starting.
 */
export class EndReports {
  readonly #emitter = new EventEmitter<{ ended: [EnvironmentEnded] }>();
  #early: EnvironmentEnded[] | null = [];

  report(ended: EnvironmentEnded): void {
    if (this.#early === null) this.#emitter.emit("ended", ended);
    else this.#early.push(ended);
  }

  add(listener: (ended: EnvironmentEnded) => void): void {
    this.#emitter.on("ended", listener);
    const early = this.#early;
    this.#early = null;
    if (early !== null) queueMicrotask(() => early.forEach(listener));
  }

  remove(listener: (ended: EnvironmentEnded) => void): void {
    this.#emitter.off("ended", listener);
  }
}
