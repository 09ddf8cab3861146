/**
 * Typed face of the addon (`shim/src/addon.c`): the few system calls that Node cannot make itself.
 * Descriptors are plain numbers that the caller owns and closes. Every call is synchronous and
 * never blocks: descriptors made here are non-blocking and CLOEXEC. A failed call throws an
 * `AddonError` with the errno's name in `code`.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export interface AddonError extends Error {
  /** "EADDRINUSE", "EACCES", … */
  readonly code: string;
  /** Positive, as in C. */
  readonly errno: number;
  readonly syscall: string;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface ReceivedMessage {
  readonly data: Buffer;
  readonly descriptors: readonly number[];
  /** Of the process that sent it; null where the socket does not pass credentials. */
  readonly sender: PeerCredentials | null;
}

export interface WaitingConnection {
  /** IPv4 in host order. */
  readonly address: number;
  readonly port: number;
}

export interface ClosedConnection {
  /** How long ago it was closed, in ms. */
  readonly agoMs: number;
  /** Of the address that was asked for. */
  readonly port: number;
  /** IPv4 in host order. */
  readonly peerAddress: number;
  readonly peerPort: number;
}

/** What a row of `connections` holds, in this order. Addresses are IPv4 in host order. */
export const connectionFields = [
  /** 6: TCP, 17: UDP. */
  "protocol",
  "address",
  "port",
  "peerAddress",
  "peerPort",
  /** The kernel's number: 1 established, 8 closed by the peer, … */
  "state",
  /** Bytes that have not been read (a FIN counts as one), and not been acknowledged. */
  "receiveQueue",
  "sendQueue",
  /** Bytes since the connection began. */
  "received",
  "sent",
  /** How long ago, in ms. */
  "lastReceivedMs",
  "lastSentMs",
  "lastAcknowledgedMs",
  /** Segments without data, which only acknowledge: how many came, and how many went. */
  "acksReceived",
  "acksSent",
  /** 0: nobody has accepted it yet, or nobody has it any more. */
  "inode",
  /** The kernel's own name of the socket, never used again. */
  "cookie",
  /** Another number where anything else is, the three times excepted. */
  "mark",
] as const;

/** What a row of `processTrees` holds, in this order. */
export const processFields = [
  /** Index into `roots`. */
  "root",
  "pid",
  /** Of it and of its children that were waited for; 10 ms is the kernel's grain. */
  "cpuMs",
  /** Character code of the state: R, S, D, T, Z, … */
  "state",
  "parent",
] as const;

/** What a row of `timers` holds, in this order. */
export const timerFields = [
  /** Index into `pids`. */
  "process",
  /** The thread; a timerfd bears the number of its process. */
  "thread",
  /** How often the thread has been taken off its processor: unchanged, it waits since then. */
  "switches",
  /** 1: `ms` is of the monotonic clock; 0: since the call began. */
  "absolute",
  "ms",
] as const;

export interface Addon {
  /**
   * Calls back on Node's loop, once, when the descriptor is readable, has hung up or failed
   * (EPOLLIN, EPOLLRDHUP, one-shot). `rearm` asks for the next time. A pending watch keeps the
   * process alive. Unwatch before close; the addon's own `close` does. An exception in the callback
   * is an uncaught exception. EEXIST: is watched already. `rearm` of a watch that has not called
   * back yet changes nothing; `unwatch` of what is not watched neither.
   */
  watch(descriptor: number, callback: () => void): void;
  /** The same, for each arrival until it is unwatched; what waits already counts as the first. */
  watchEdges(descriptor: number, callback: () => void): void;
  rearm(descriptor: number): void;
  unwatch(descriptor: number): void;

  /** Both ends of an AF_UNIX SOCK_SEQPACKET pair; the first has SO_PASSCRED set and is
   * non-blocking; the second, a guest's control descriptor, blocks (never in calls made here). */
  socketPair(): [number, number];
  /** The read and the write end of a pipe; the read end is non-blocking, the write end blocking. */
  pipe(): [number, number];
  /** A SOCK_SEQPACKET listener on a path of at most 107 bytes, mode 0600. */
  listenPackets(path: string): number;
  /** null: nobody waits. The accepted socket has SO_PASSCRED set. */
  acceptPackets(listener: number): number | null;
  connectPackets(path: string): number;
  /** Sends one packet, 64 descriptors at most. Throws EAGAIN where the peer's queue is full. */
  sendPacket(descriptor: number, data: Buffer, descriptors?: readonly number[]): void;
  /**
   * null: nothing waits. "end": the peer is gone. At most 64 KiB and 8 descriptors a packet; one
   * beyond that is dropped, and throws EMSGSIZE.
   */
  receivePacket(descriptor: number): ReceivedMessage | null | "end";
  peerCredentials(descriptor: number): PeerCredentials;

  /**
   * A listening TCP socket with the largest backlog, SO_REUSEADDR set.
   * `address` is IPv4 in host order.
   */
  openPlaceholder(address: number, port: number): number;
  /** The port that a socket is bound to; of use where `openPlaceholder` was given port 0. */
  localPort(descriptor: number): number;
  /** Ends listening for every holder: what waits is reset, what comes is refused. Not a close. */
  endPlaceholder(descriptor: number): void;
  /** Flags, options and backlog back to what `openPlaceholder` gave; listens and admits again. */
  restorePlaceholder(descriptor: number): void;
  /**
   * false: who connects waits in the handshake, which the client's kernel repeats after a second
   * and more. What is in the queue stays there. Until true, or `restorePlaceholder`.
   */
  admit(descriptor: number, open: boolean): void;
  /** Accepts and resets (RST) everything that waits; returns how many. */
  resetQueue(descriptor: number): number;
  /**
   * Connections established (or half closed by the client) and not yet accepted, at most `max`;
   * read with sock_diag, empty where the machine has none.
   */
  waitingConnections(address: number, port: number, max: number): readonly WaitingConnection[];

  /**
   * Every TCP connection and UDP socket whose own address is in `base`/`prefixBits`, listeners
   * excepted: rows of `connectionFields`. Both ends of a connection between two of them are there.
   * `room`, an earlier answer that nobody needs any more, is written over where it is large enough.
   */
  connections(base: number, prefixBits: number, room?: Float64Array): Float64Array;
  /**
   * The TCP connection of this address that was closed last, on whichever end; null: none within a
   * minute. Of thousands of them it is one of the last. One that was reset leaves no trace.
   */
  lastClosed(address: number): ClosedConnection | null;
  /**
   * The processes below the roots, roots included: rows of `processFields`. Those that have not run
   * since the last call are not read again.
   */
  processTrees(roots: readonly number[]): Float64Array;
  /**
   * The times that threads of these processes wait for: rows of `timerFields`. Those that may not
   * be looked into have none.
   */
  timers(pids: readonly number[]): Float64Array;
  /**
   * A descriptor that becomes readable (see `watch`) as soon as anything arrives on, or happens to,
   * any socket of these processes: what waited before does not count. TCP listeners are left out.
   * Close it before they go on, or it keeps nothing open and yet fires. EPERM: they may not be
   * looked into.
   */
  guardSockets(pids: readonly number[]): number;
  /** `cookie` (0: unknown) of a socket that something happened to; null: nothing did. */
  guardFired(guard: number): number | null;
  /**
   * Room for so many more descriptors, in one step: the table of a process with threads grows at
   * the price of a wait for every other CPU, at each doubling. Where a limit is in the way nothing
   * is done.
   */
  reserveDescriptors(count: number): void;
  /** A bound UDP socket; port 0: any. `address` is IPv4 in host order. */
  openDatagrams(address: number, port: number): number;
  /** Not connected, flags and options back to what `openDatagrams` gave. What waits stays. */
  restoreDatagrams(descriptor: number): void;
  /** Lets another UDP socket be bound to the same address, and get what comes from then on. */
  shareDatagrams(descriptor: number): void;
  /** Whose datagram is the next in the queue. null: none waits, or nobody is known. */
  nextSender(descriptor: number): WaitingConnection | null;

  duplicate(descriptor: number): number;
  close(descriptor: number): void;
  /** Exclusive advisory lock (flock) without waiting; false: somebody else holds it. */
  tryLock(descriptor: number): boolean;
  /** Bound abstract AF_UNIX socket: a machine-wide lock. null: somebody else holds the name. */
  bindAbstract(name: string): number | null;

  /** pidfd of a process; readable (see `watch`) when it ends. */
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /** A duplicate of the process's descriptor; EPERM where ptrace rules forbid it. */
  pidfdGetDescriptor(pidfd: number, descriptor: number): number;

  /** Throws where no process of ours may have its system calls told to another (seccomp). */
  tryNotification(): void;
  /** Throws where this user may not make user namespaces. */
  tryUserNamespace(): void;

  /** From here on whoever is orphaned below this process becomes its child. */
  becomeSubreaper(): void;
  /**
   * SIGKILL for everything below this process, also what Node has started and not seen the end of.
   * true: nothing of it is left. Else call again; what has more rights than we ends by itself.
   */
  endChildren(): boolean;
}

const require = createRequire(import.meta.url);
const buildDirectory = fileURLToPath(new URL("../../build/shim/", import.meta.url));

/** Paths of what `make -C shim` builds. */
export const shimFiles = {
  addon: `${buildDirectory}im-addon.node`,
  /** Preload library. */
  preload: `${buildDirectory}libim-shim.so`,
  /** Root of an environment's guests: subreaper. */
  init: `${buildDirectory}im-init`,
  /** Owns what must outlive the daemon, and starts it again when it dies. */
  keeper: `${buildDirectory}im-keeper`,
  /** Moves the control descriptor out of the way and executes the client. */
  exec: `${buildDirectory}im-exec`,
} as const;

export function loadAddon(): Addon {
  return require(shimFiles.addon) as Addon;
}
