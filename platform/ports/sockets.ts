/** Placeholders: bound sockets held for hosts that do not serve themselves. */
import type { ListenPort } from "../manifest/manifest.js";

export interface SocketAddress {
  /** IPv4 in host order. */
  readonly address: number;
  readonly port: number;
}

export interface PlaceholderAddress extends ListenPort {
  /** IPv4 in host order. */
  readonly address: number;
}

/** Something that can be passed to another process. */
export interface Transferable {
  readonly descriptor: number;
}

export interface Placeholder extends PlaceholderAddress, Transferable {
  /** The port that is really bound: `port`, or one that stands in for it. */
  readonly mapped: number;
  /** An earlier process of this node held it already: a guest may have it. */
  readonly recovered: boolean;
  /**
   * Calls back once, as soon as a connection or a datagram waits in the queue; then it is disarmed
   * again. Armed again without a `disarm`, a placeholder of UDP calls for the next one that comes.
   */
  arm(onWaiting: () => void): void;
  disarm(): void;
  /** Who waits in the queue: 64 connections at most, or whoever sent the first datagram. */
  waiting(): readonly SocketAddress[];
  /** Puts flags and socket options back to the baseline, after the guest that had it is gone. */
  restore(): void;
  /**
   * false: who connects waits in the handshake, and gets through a second or more after true, or
   * `restore`. Datagrams are not held up.
   */
  admit(open: boolean): void;
  /**
   * Resets every connection that waits in the queue; datagrams are kept. Only while no guest has
   * the socket.
   */
  resetQueue(): void;
  /** Gives up this process's hold; whoever has a duplicate listens on. */
  close(): void;
  /** Closes it for every holder: what waits is reset, and the address is free at once. */
  end(): void;
}

export interface Sockets {
  /** Throws `ImError` IM_PORT_TAKEN or IM_PORT_FORBIDDEN. */
  open(at: PlaceholderAddress): Placeholder;
  /** The same; where the port itself cannot be held, another of the address stands in for it. */
  openDeclared(at: PlaceholderAddress): Placeholder;
}
