/** What the kernel says of a node's hosts without asking them: their sockets and processes. */
export interface Connection {
  /** The kernel's own name of the socket, never used again. */
  readonly id: number;
  readonly protocol: "tcp" | "udp";
  /** IPv4 in host order: the host's own end, then the other. */
  readonly address: number;
  readonly port: number;
  readonly peerAddress: number;
  readonly peerPort: number;
  /** Established, and nobody has accepted it yet. */
  readonly waiting: boolean;
  /** Bytes that were not read yet (a FIN counts as one), and that were not acknowledged yet. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** Bytes since the connection began. */
  readonly received: number;
  readonly sent: number;
  /** When the last of them was, monotonic ms; within a tick of the kernel's (4 ms) they tie. */
  readonly lastReceivedAtMs: number;
  readonly lastSentAtMs: number;
  /** The same of the last segment that acknowledged anything. */
  readonly lastAcknowledgedAtMs: number;
  /** Segments without data, which only acknowledge, since the connection began. */
  readonly acksReceived: number;
  readonly acksSent: number;
}

export interface ClosedConnection {
  readonly connection: Connection;
  readonly agoMs: number;
}

export interface ProcessUse {
  readonly pid: number;
  /** Of it and of its children that were waited for, ms; the kernel's grain is 10. */
  readonly cpuMs: number;
  /** Waits for a disk, say: no processor is used, and yet it works. */
  readonly blocked: boolean;
}

/** A time that a thread of a guest waits for. */
export type Wait = { readonly thread: number; readonly switches: number } & (
  | /** On the monotonic clock. */ { readonly dueMs: number; readonly forMs: null }
  /** Since its system call began. `switches` is the same for as long as it is that call. */
  | { readonly dueMs: null; readonly forMs: number }
);

export interface Sensor {
  /** Processor time that this process has used, ms: what looking costs is the difference. */
  readonly usedMs: number;
  /**
   * Connections by the address they belong to, all of the node's overlay. What has not changed
   * since the call before is the same object, also the list of an address.
   */
  connections(): ReadonlyMap<number, readonly Connection[]>;
  /** Of one address. */
  connectionsOf(address: number): readonly Connection[];
  /**
   * The last that ended of those of one address, also one that began after the look before: its
   * counters are not known any more.
   */
  lastClosed(address: number): ClosedConnection | null;
  /** The trees below the roots, in their order; an empty one where the root has ended. */
  processes(roots: readonly number[]): readonly (readonly ProcessUse[])[];
  /** Of the guests below a host-runtime. */
  waits(runtimePid: number): readonly Wait[];
}
