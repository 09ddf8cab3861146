/** What a host's own guests ask for their listeners. */
import type { Peer, PendingRequest } from "../ports/processes.js";
import type { ControlRequest } from "../protocol/control.js";
import { BindGate } from "./bind-gate.js";
import type { ConnectWaiters } from "./connect-waiters.js";
import type { DeclaredHost } from "./declared-host.js";
import type { PlaceholderSet } from "./placeholder-set.js";

export interface GuestListenersOptions {
  readonly declared: () => DeclaredHost;
  readonly placeholders: PlaceholderSet;
  readonly waiters: ConnectWaiters;
  /** null: the peer is not the environment of the present life. */
  readonly incarnationOf: (peer: Peer) => number | null;
  /** The guest listens on the port that makes it ready. */
  readonly onReady: (incarnation: number) => void;
}

export class GuestListeners {
  readonly #options: GuestListenersOptions;
  readonly #gate = new BindGate();

  constructor(options: GuestListenersOptions) {
    this.#options = options;
  }

  /** The life is registered. */
  open(): void {
    this.#gate.open();
  }

  shut(): void {
    this.#gate.shut();
  }

  request(peer: Peer, pending: PendingRequest): void {
    const { declared, placeholders, incarnationOf } = this.#options;
    const { request } = pending;
    const incarnation = incarnationOf(peer);
    if (incarnation === null) {
      this.#gate.refuse(pending);
      return;
    }
    if (request.type === "bind") {
      const { address } = declared();
      this.#gate.pass(pending, () => this.#gate.answer(pending, placeholders, address));
    } else if (request.type === "listen") {
      this.#listening(request, incarnation);
    } else if (request.type === "close") {
      placeholders.noteClosed(request);
    }
  }

  /** A guest that connects to its own host is not waited for: it would wait for itself. */
  ownConnect(pending: PendingRequest): void {
    const { placeholders, waiters } = this.#options;
    if (placeholders.listening(pending.request.port)) waiters.admit(pending);
    else waiters.refuse(pending, "ECONNREFUSED");
  }

  #listening(request: ControlRequest, incarnation: number): void {
    const { declared, placeholders, waiters, onReady } = this.#options;
    const { port, protocol } = request;
    const { readyPort } = declared();
    placeholders.noteListening(request);
    if (protocol === "tcp") waiters.admitPort(port);
    if (port === readyPort?.port && protocol === readyPort.protocol) onReady(incarnation);
  }
}
