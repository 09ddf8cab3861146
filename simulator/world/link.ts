/**
 * The connection between a process under the platform (an environment, a program of `im run`) and
 * the supervisor of its machine: messages in order, requests of the shim with their answers.
 */
import type { Peer, PendingRequest } from "../../platform/ports/processes.js";
import type { Transferable } from "../../platform/ports/sockets.js";
import type { ControlReply, ControlRequest } from "../../platform/protocol/control.js";
import type { EnvironmentMessage, SupervisorMessage } from "../../platform/protocol/environment.js";
import type { Stage } from "./stage.js";
import type { Timeline } from "./timeline.js";

/** The other side of a link: what the supervisor says to it. */
export interface LinkEnd {
  readonly pid: number;
  readonly stage: Stage;
  message(message: SupervisorMessage): void;
  hungUp(link: Link): void;
}

/** The supervisor's process, as a link reaches it. */
export interface LinkHandler {
  readonly stage: Stage;
  message(link: Link, message: EnvironmentMessage): void;
  closed(link: Link): void;
}

export type Answer = (reply: ControlReply, hand: Transferable | undefined) => void;

/** Between two processes of one machine, ms. */
const hopMs = 0.06;

export class Link implements Peer {
  readonly pid: number;
  readonly #timeline: Timeline;
  readonly #far: LinkEnd;
  readonly #handler: LinkHandler;
  #onRequest: ((pending: PendingRequest) => void) | null = null;
  /** Asked before anybody listened. */
  #asked: PendingRequest[] = [];
  #isOpen = true;

  constructor(timeline: Timeline, far: LinkEnd, handler: LinkHandler) {
    this.#timeline = timeline;
    this.#far = far;
    this.#handler = handler;
    this.pid = far.pid;
  }

  get open(): boolean {
    return this.#isOpen;
  }

  send(message: SupervisorMessage): void {
    if (this.#handler.stage.ended) return;
    this.#toFar(() => this.#far.message(message));
  }

  listen(onRequest: (pending: PendingRequest) => void): void {
    this.#onRequest = onRequest;
    for (const pending of this.#asked.splice(0)) onRequest(pending);
  }

  close(): void {
    if (this.#handler.stage.ended) return;
    this.#hangUp();
  }

  /** The supervisor's process is gone. */
  broken(): void {
    this.#hangUp();
  }

  /** The other side says something. */
  say(message: EnvironmentMessage): void {
    this.#toSupervisor(() => this.#handler.message(this, message));
  }

  ask(request: ControlRequest, answered: Answer): void {
    this.#toSupervisor(() => {
      let isAnswered = false;
      const answer: PendingRequest["answer"] = (reply, hand) => {
        if (isAnswered) throw new Error(`answered twice: ${request.type}`);
        isAnswered = true;
        if (this.#handler.stage.ended) return;
        this.#toFar(() => answered(reply, hand));
      };
      if (this.#onRequest === null) this.#asked.push({ request, answer });
      else this.#onRequest({ request, answer });
    });
  }

  /** The other side closes it, or has ended. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timeline.after(hopMs, () =>
      this.#handler.stage.deliver(() => this.#handler.closed(this)),
    );
  }

  #hangUp(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timeline.after(hopMs, () => this.#far.stage.deliver(() => this.#far.hungUp(this)));
  }

  #toFar(act: () => void): void {
    this.#timeline.after(hopMs, () =>
      this.#far.stage.deliver(() => {
        if (this.#isOpen) act();
      }),
    );
  }

  /** What was said before a hang-up still arrives. */
  #toSupervisor(act: () => void): void {
    if (!this.#isOpen) return;
    this.#timeline.after(hopMs, () => this.#handler.stage.deliver(act));
  }
}
