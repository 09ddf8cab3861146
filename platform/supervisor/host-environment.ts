/** The environment that a host lives in, as its host-runtime reports it. */
import type { HostEvent } from "../lifecycle/events.js";
import type { Log } from "../ports/log.js";
import type { Peer } from "../ports/processes.js";
import { environmentOf } from "../protocol/boot-id.js";
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
  /** Of the boot that is under way; null: none is. */
  readonly claim: () => string | null;
  /** Name of the environment that has the life, as membership says; null: it was met, or none. */
  readonly home: () => string | null;
  /** Boot id of the environment that is being invoked again; null: none is. */
  readonly recalled: () => string | null;
  /** Whether a guest that is met again has come as far as the port that makes it ready. */
  readonly opened: () => boolean;
  /** Called at each step of a hand-over, by name. */
  readonly reached: (step: string) => void;
}

type Message<Type extends EnvironmentMessage["type"]> = Extract<EnvironmentMessage, { type: Type }>;

/** What an environment says first. */
export type EnvironmentReport = Message<
  "environment.started" | "environment.resumed" | "environment.misdirected"
>;

/** Of an environment that has ended. */
export interface Ending {
  /** Its name. */
  readonly environment: string;
  /** Of the boot that it was last invoked for; null: it had asked for the next event. */
  readonly claim: string | null;
}

export class HostEnvironment {
  readonly #options: HostEnvironmentOptions;
  #boarded: Boarded | null = null;
  /** The one aboard has been told that it is accepted. */
  #isTold = false;
  /** Environments that got an event meant for another, and keep it until that one has its own. */
  #strays: Peer[] = [];
  /** The host-runtime of a life that slept before this supervisor came. */
  #asleepIn: number | null = null;

  constructor(options: HostEnvironmentOptions) {
    this.#options = options;
  }

  /** Of the host-runtime and of the guest's command, while there is an environment. */
  get runtimePid(): number | null {
    return this.#boarded?.peer.pid ?? this.#asleepIn;
  }

  /** An earlier supervisor let it fall asleep: it says nothing before it is woken. */
  asleepIn(runtimePid: number): void {
    this.#asleepIn = runtimePid;
  }

  get processes(): { readonly runtime: number; readonly guest: number | null } | null {
    if (this.#boarded === null) {
      return this.#asleepIn === null ? null : { runtime: this.#asleepIn, guest: null };
    }
    return { runtime: this.#boarded.peer.pid, guest: this.#boarded.guestPid };
  }

  /** The incarnation that this peer is, null where it is not the one aboard. */
  incarnationOf(peer: Peer): number | null {
    return this.#boarded?.peer === peer ? this.#boarded.incarnation : null;
  }

  report(peer: Peer, message: EnvironmentReport): void {
    switch (message.type) {
      case "environment.started":
        this.#started(peer, message);
        return;
      case "environment.resumed":
        this.#resumed(peer, message);
        return;
      case "environment.misdirected":
        this.#misdirected(peer, message);
        return;
      default:
        message satisfies never;
    }
  }

  #started(peer: Peer, message: Message<"environment.started">): void {
    const before = this.#boarded;
    this.#boarded = { peer, incarnation: message.incarnation, guestPid: null };
    const { incarnation, claim, bootId } = message;
    this.#isTold = false;
    this.#options.send({ type: "environment.started", incarnation, claim, bootId });
    // The machine accepts by an effect; anything else is a late or duplicate event. An environment
    // may be known from before a restart and not have been met.
    const isAboard = before === null ? this.#isTold : before.peer !== peer;
    if (this.#options.accepted() === bootId && isAboard) return;
    this.#boarded = before;
    peer.send({ type: "environment.refused", reason: "this life is not the one that is meant" });
  }

  /** An environment that an earlier supervisor had accepted. */
  #resumed(peer: Peer, message: Message<"environment.resumed">): void {
    const before = this.#boarded;
    const { incarnation, bootId, guestPid, invoked } = message;
    this.#boarded = { peer, incarnation, guestPid };
    // Of any other environment nothing is asked: the guest's processes are not below that.
    const isHome = environmentOf(bootId) === this.#options.home();
    const ready = !isHome || (this.#options.opened() && guestPid !== null);
    this.#options.send({ type: "environment.resumed", incarnation, bootId, invoked, ready });
    if (this.#options.accepted() === bootId && before?.peer !== peer) {
      this.#asleepIn = null;
      if (guestPid !== null) this.#options.send({ type: "guest.started", incarnation });
      return;
    }
    this.#boarded = before;
    peer.send({ type: "environment.refused", reason: "this life is over" });
  }

  /** An event that was to continue a life came to this environment, which does not have it. */
  #misdirected(peer: Peer, message: Message<"environment.misdirected">): void {
    const { incarnation, bootId } = message;
    this.#strays.push(peer);
    // The one that is meant: its life ended, and the supervisor that heard of it died.
    const over = this.#boarded === null && bootId === this.#options.recalled();
    const type = over ? "environment.ended" : "environment.misdirected";
    this.#options.send({ type, incarnation });
    const awaited = this.#options.recalled() !== null;
    if (!awaited || incarnation !== this.#options.incarnation()) this.#refuseStrays();
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
      case "environment.returning":
        this.#options.reached(message.type);
        this.#options.send({ type: message.type, incarnation });
        return;
      case "environment.continued":
        this.#options.reached(message.type);
        this.#options.send({ type: message.type, incarnation });
        this.#refuseStrays();
        return;
      case "environment.started":
      case "environment.resumed":
      case "environment.misdirected":
      case "client.started":
      case "client.resumed":
        this.#options.log.warn({ message: message.type }, "unexpected from an environment");
        return;
      default:
        message satisfies never;
    }
  }

  /** Proof that nothing of the environment with this host-runtime runs any more. */
  ended(runtimePid: number, { environment, claim }: Ending): void {
    const boarded = this.#boarded;
    if (boarded?.peer.pid === runtimePid) {
      this.#options.send({ type: "environment.ended", incarnation: boarded.incarnation });
      return;
    }
    if (boarded !== null) return;
    // It died before it could say a word of the present claim, or of the life that it had.
    const wasMeant = claim !== null && claim === this.#options.claim();
    if (wasMeant || environment === this.#options.home()) {
      this.#options.send({ type: "environment.ended", incarnation: this.#options.incarnation() });
    }
  }

  tell(message: SupervisorMessage): void {
    if (message.type === "environment.accepted") this.#isTold = true;
    this.#boarded?.peer.send(message);
  }

  leave(): void {
    this.#boarded = null;
    this.#asleepIn = null;
    this.#refuseStrays();
  }

  #refuseStrays(): void {
    for (const peer of this.#strays.splice(0)) {
      peer.send({ type: "environment.refused", reason: "this environment is not the one meant" });
    }
  }
}
