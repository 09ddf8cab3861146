import type { Clock } from "../../platform/ports/clock.js";
import { LambdaError } from "./lambda-error.js";

/** `Pending`: being created; `InProgress`: being updated; null: usable. */
export type Unsettled = "Pending" | "InProgress" | null;

const notNow = "The operation cannot be performed at this time.";

/** On AWS a function that was created or changed is not usable, or not changed, at once. */
export class Settling {
  readonly #ends = new Map<string, { readonly state: Unsettled; readonly endMs: number }>();

  /** `settleMs`: 0 for functions that are usable at once. */
  constructor(
    private readonly clock: Clock,
    private readonly settleMs: number,
    private readonly arnOf: (functionName: string) => string,
  ) {}

  begin(name: string, state: "Pending" | "InProgress"): void {
    if (this.settleMs === 0) return;
    this.#ends.set(name, { state, endMs: this.clock.monotonicMs() + this.settleMs });
  }

  of(name: string): Unsettled {
    const found = this.#ends.get(name);
    if (found === undefined) return null;
    if (this.clock.monotonicMs() < found.endMs) return found.state;
    this.#ends.delete(name);
    return null;
  }

  forget(name: string): void {
    this.#ends.delete(name);
  }

  refusePending(name: string): void {
    if (this.of(name) !== "Pending") return;
    const state = "The function is currently in the following state: Pending";
    throw new LambdaError("ResourceConflictException", `${notNow} ${state}`);
  }

  refuseUnsettled(name: string): void {
    this.refusePending(name);
    if (this.of(name) === null) return;
    const update = `An update is in progress for resource: ${this.arnOf(name)}`;
    throw new LambdaError("ResourceConflictException", `${notNow} ${update}`);
  }
}
