import type { ControlReply, ControlRequest } from "../protocol/control.js";
import type { EnvironmentMessage, SupervisorMessage } from "../protocol/environment.js";
import type { Transferable } from "./sockets.js";

/** A request of a guest process that waits for its answer. Answered at most once. */
export interface PendingRequest {
  readonly request: ControlRequest;
  /** `hand` goes along with the answer: the guest gets that very socket or file. */
  answer(reply: ControlReply, hand?: Transferable): void;
}

/** The connection to one environment, or to one client started with `im run`. */
export interface Peer {
  readonly pid: number;
  send(message: SupervisorMessage): void;
  /** Starts delivery of the shim's requests. */
  listen(onRequest: (pending: PendingRequest) => void): void;
  close(): void;
}

export interface PeerHandler {
  message(peer: Peer, message: EnvironmentMessage): void;
  /** The other side is gone; nothing more comes from it. */
  closed(peer: Peer): void;
}

/** The node's environments and clients, as they connect. */
export interface Processes {
  accept(handler: PeerHandler): void;
  close(): void;
}
