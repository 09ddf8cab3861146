/** Placeholders: listening sockets held for hosts that are not listening themselves. */
export interface PlaceholderAddress {
  /** IPv4 in host order. */
  readonly address: number;
  readonly port: number;
}

/** Something that can be passed to another process. */
export interface Transferable {
  readonly descriptor: number;
}

export interface Placeholder extends PlaceholderAddress, Transferable {
  /** The port that is really bound: `port`, or one that stands in for it. */
  readonly mapped: number;
  /** Calls back once, as soon as a connection waits in the queue; then it is disarmed again. */
  arm(onWaiting: () => void): void;
  disarm(): void;
  /** Source addresses (host order) and ports of connections that wait in the queue, 64 at most. */
  waiting(): readonly PlaceholderAddress[];
  /** Puts flags and socket options back to the baseline, after the guest that had it is gone. */
  restore(): void;
  /** Resets every connection that waits in the queue. Only while no guest has the socket. */
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
