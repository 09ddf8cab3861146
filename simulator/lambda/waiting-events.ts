import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import { type Invocation, ownerOf } from "./invocation.js";

export interface Waiting {
  readonly invocation: Invocation;
  initFailures: number;
}

/**
 * Events that wait for an environment, first come first served. One is patient at first where the
 * environment of its tenant has answered the last event and is about to ask for the next: it wants
 * that one, and no other is started for it.
 */
export class WaitingEvents {
  readonly #waiting = new Map<Invocation, Waiting>();
  readonly #patient = new Map<Invocation, TimerHandle>();

  constructor(
    private readonly clock: Clock,
    private readonly patienceMs: number,
    /** One has lost its patience: any environment will do now. */
    private readonly impatient: (invocation: Invocation) => void,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** Those that any environment will do for. */
  get impatientSize(): number {
    return this.#waiting.size - this.#patient.size;
  }

  get first(): Waiting | null {
    for (const waiting of this.#waiting.values()) return waiting;
    return null;
  }

  add(invocation: Invocation): void {
    this.#waiting.set(invocation, { invocation, initFailures: 0 });
  }

  addPatient(invocation: Invocation): void {
    this.add(invocation);
    const timer = this.clock.setTimeout(() => {
      this.#patient.delete(invocation);
      this.impatient(invocation);
    }, this.patienceMs);
    this.#patient.set(invocation, timer);
  }

  /** False: it does not wait any more. */
  remove(invocation: Invocation): boolean {
    const timer = this.#patient.get(invocation);
    if (timer !== undefined) this.clock.clearTimeout(timer);
    this.#patient.delete(invocation);
    return this.#waiting.delete(invocation);
  }

  /** The first that an environment of this owner, or of nobody (null), may have. */
  takeFor(owner: string | null): Invocation | null {
    for (const invocation of this.#waiting.keys()) {
      const fits = owner === null ? !this.#patient.has(invocation) : ownerOf(invocation) === owner;
      if (!fits) continue;
      this.remove(invocation);
      return invocation;
    }
    return null;
  }

  withdraw(functionName: string): readonly Invocation[] {
    const all = [...this.#waiting.keys()];
    const withdrawn = all.filter(({ record }) => record.name === functionName);
    for (const invocation of withdrawn) this.remove(invocation);
    return withdrawn;
  }

  owners(): ReadonlySet<string> {
    return new Set([...this.#waiting.keys()].map(ownerOf));
  }
}
