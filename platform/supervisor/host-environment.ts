/** The environment that a host lives in, as its host-runtime reports it. */
import type { HostEvent } from "../lifecycle/events.js";
import type { Log } from "../ports/log.js";
import type { Peer } from "../ports/processes.js";
import type { EnvironmentMessage, SupervisorMessage } from "../protocol/environment.js";

interface Boarded {
  readonly peer: Peer;
  readonly incarnation: number;
  guestPid: number | null;
}

export interface HostEnvironmentOptions {
  readonly log: Log;
  readonly send: (event: HostEvent) => void;
  /** Boot id of the environment that the machine has accepted. */
  readonly accepted: () => string | null;
  /** Of the present claim or life. */
  readonly incarnation: () => number;
}

const runtimesMax = 16;

export class HostEnvironment {
  readonly #options: HostEnvironmentOptions;
  #boarded: Boarded | null = null;
  /** Host-runtimes that reported here: their ends are about lives of their own. */
  #runtimes: readonly number[] = [];

  constructor(options: HostEnvironmentOptions) {
    this.#options = options;
  }

  /** Of the host-runtime and of the guest's command, while there is an environment. */
  get processes(): { readonly runtime: number; readonly guest: number | null } | null {
    if (this.#boarded === null) return null;
    return { runtime: this.#boarded.peer.pid, guest: this.#boarded.guestPid };
  }

  /** The incarnation that this peer is, null where it is not the one aboard. */
  incarnationOf(peer: Peer): number | null {
    return this.#boarded?.peer === peer ? this.#boarded.incarnation : null;
  }

  started(peer: Peer, message: Extract<EnvironmentMessage, { type: "environment.started" }>): void {
    const before = this.#boarded;
    this.#noteRuntime(peer.pid);
    this.#boarded = { peer, incarnation: message.incarnation, guestPid: null };
    const { incarnation, claim, bootId } = message;
    this.#options.send({ type: "environment.started", incarnation, claim, bootId });
    // The machine accepts by an effect; anything else is a late or duplicate event.
    if (this.#options.accepted() === bootId && before?.peer !== peer) return;
    this.#boarded = before;
    peer.send({ type: "environment.refused", reason: "this life is not the one that is meant" });
  }

  /** An environment that an earlier supervisor had accepted. */
  resumed(peer: Peer, message: Extract<EnvironmentMessage, { type: "environment.resumed" }>): void {
    const before = this.#boarded;
    const { incarnation, bootId, guestPid } = message;
    this.#boarded = { peer, incarnation, guestPid };
    this.#options.send({ type: "environment.resumed", incarnation, bootId });
    if (this.#options.accepted() === bootId && before?.peer !== peer) {
      if (guestPid !== null) this.#options.send({ type: "guest.started", incarnation });
      return;
    }
    this.#boarded = before;
    peer.send({ type: "environment.refused", reason: "this life is over" });
  }

  message(peer: Peer, message: EnvironmentMessage): void {
    const boarded = this.#boarded;
    if (boarded?.peer !== peer) return;
    const { incarnation } = boarded;
    switch (message.type) {
      case "guest.started":
        boarded.guestPid = message.pid;
        this.#options.send({ type: "guest.started", incarnation });
        return;
      case "guest.failed":
        this.#options.send({ type: "guest.failed", incarnation, failure: message.error });
        return;
      case "guest.exited":
        this.#options.send({ ...message, incarnation });
        return;
      case "environment.started":
      case "environment.resumed":
      case "client.started":
      case "client.resumed":
        this.#options.log.warn({ message: message.type }, "unexpected from an environment");
        return;
      default:
        message satisfies never;
    }
  }

  /** Proof that nothing of the environment with this host-runtime runs any more. */
  ended(runtimePid: number): void {
    const boarded = this.#boarded;
    if (boarded?.peer.pid === runtimePid) {
      this.#options.send({ type: "environment.ended", incarnation: boarded.incarnation });
    } else if (boarded === null && !this.#runtimes.includes(runtimePid)) {
      // It never said a word: the one that was invoked for the present claim died before it could.
      this.#options.send({ type: "environment.ended", incarnation: this.#options.incarnation() });
    }
  }

  #noteRuntime(pid: number): void {
    this.#runtimes = [...this.#runtimes.slice(1 - runtimesMax), pid];
  }

  tell(message: SupervisorMessage): void {
    this.#boarded?.peer.send(message);
  }

  leave(): void {
    this.#boarded = null;
  }
}
