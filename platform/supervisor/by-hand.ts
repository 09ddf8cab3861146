/** What people ask of a host by name, and when it has been done. */
import { ImError } from "../errors/im-error.js";
import type { AwakeReason } from "../idle/awake-reason.js";
import type { Cause } from "../lifecycle/events.js";
import { failureError, stoppedError } from "./failure-error.js";
import type { HostChanges } from "./host-changes.js";
import type { HostChange } from "./host-history.js";
import type { SupervisedHost } from "./supervised-host.js";

export interface ByHandOptions {
  readonly changes: HostChanges;
  readonly cause: (signal: Cause["signal"]) => Cause;
  /** It is no longer declared. */
  readonly gone: (name: string) => ImError;
}

export class ByHand {
  readonly #options: ByHandOptions;

  constructor(options: ByHandOptions) {
    this.#options = options;
  }

  /** Resolves when the host is running; rejects with the reason where it fails. */
  wake(host: SupervisedHost): Promise<void> {
    const { name } = host.declared;
    if (host.state === "running") return Promise.resolve();
    let ending = host.state === "terminating";
    const settled = this.#settled(name, (change) => {
      if (change.to === "running") return "done";
      if (change.to === "failed") return failureError(host);
      if (change.to !== "imaginary") return "waiting";
      if (!ending) return change.signal === "stop" ? stoppedError(name) : "done";
      // It was on its way out when it was asked for: once that is over, it is wanted again.
      ending = false;
      host.wake(this.#options.cause("wake"));
      return "waiting";
    });
    host.wake(this.#options.cause("wake"));
    return settled;
  }

  /**
   * Resolves when the host sleeps. Rejects with `ImError` IM_HOST_BUSY where it cannot, or
   * IM_GUARD_REFUSED.
   */
  async suspend(host: SupervisedHost): Promise<void> {
    const { name } = host.declared;
    if (host.state === "suspended") return;
    if (host.state !== "running") throw notRunning(host);
    const settled = this.#settled(name, (change) => {
      if (change.to === "suspended") return "done";
      if (change.to === "suspending") return "waiting";
      return busy(name, `it was needed (${change.signal} by ${change.by})`);
    });
    // Who is refused at once is not told by a change.
    settled.catch(() => undefined);
    const reason = host.suspend(this.#options.cause("suspend"));
    if (reason === "not serving") throw notRunning(host);
    if (reason !== null) throw busy(name, describe(reason));
    await settled;
  }

  /** Resolves when the host is imaginary, or has failed, and none of its guests runs. */
  stop(host: SupervisedHost): Promise<void> {
    const over = (state: string) => state === "imaginary" || state === "failed";
    if (over(host.state)) return Promise.resolve();
    const settled = this.#settled(host.declared.name, (change) =>
      over(change.to) ? "done" : "waiting",
    );
    host.stop(this.#options.cause("stop"));
    return settled;
  }

  #settled(name: string, look: (change: HostChange) => "done" | "waiting" | ImError) {
    return this.#options.changes.settled(name, look, () => this.#options.gone(name));
  }
}

function describe(reason: AwakeReason): string {
  if (reason.rule === "unaccepted") return "a connection waits to be accepted";
  if (reason.rule === "queued") return "bytes wait to be read or taken";
  return `it is not quiet (${reason.rule})`;
}

function busy(name: string, why: string): ImError {
  return new ImError("IM_HOST_BUSY", {
    what: `\`${name}\` cannot be suspended now: ${why}`,
    expected: "a host of which nothing waits to be done",
    received: why,
    fix: "try again, or see what keeps it awake with `im why`",
  });
}

function notRunning({ declared, state }: SupervisedHost): ImError {
  return new ImError("IM_HOST_BUSY", {
    what: `\`${declared.name}\` is ${state}: only a host that runs can be suspended`,
    expected: "a host that runs",
    received: state,
    fix: `wake it first: im wake ${declared.name}`,
  });
}
