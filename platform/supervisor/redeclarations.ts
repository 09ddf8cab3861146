import type { Log } from "../ports/log.js";
import type { DeclaredHost } from "./declared-host.js";
import type { SupervisedHost } from "./supervised-host.js";

/**
 * New declarations of hosts that exist already. Each takes effect when its host is at rest: a guest
 * that runs may have bound a port that is new in the declaration, and boots by the old one.
 */
export class Redeclarations {
  readonly #pending = new WeakMap<SupervisedHost, DeclaredHost>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Opens the new ports of a host at rest; the result brings back what was before. */
  holdPorts(host: SupervisedHost, { listen }: DeclaredHost): () => void {
    const before = host.declared;
    const restore = (): void => host.redeclare(before);
    if (!isAtRest(host)) return () => undefined;
    try {
      host.redeclare({ ...before, listen: [...before.listen, ...listen] });
    } catch (error) {
      restore();
      throw error;
    }
    return restore;
  }

  add(host: SupervisedHost | undefined, declared: DeclaredHost): void {
    // It was opened with this very declaration.
    if (host === undefined || host.declared === declared) return;
    this.#pending.set(host, declared);
    this.takeEffect(host);
  }

  takeEffect(host: SupervisedHost | undefined): void {
    if (host === undefined || !isAtRest(host)) return;
    const declared = this.#pending.get(host);
    if (declared === undefined) return;
    this.#pending.delete(host);
    try {
      host.redeclare(declared);
    } catch (error) {
      this.#log.warn({ host: declared.name, error }, "a new port cannot be held");
    }
  }
}

function isAtRest({ state }: SupervisedHost): boolean {
  return state === "imaginary" || state === "failed";
}
