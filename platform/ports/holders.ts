/** Who has a socket open: what guests say of their listeners is verified here. */
import type { SocketAddress, Transferable } from "./sockets.js";

export interface NamedProcess {
  readonly pid: number;
  /** Name of its program, as the kernel has it; null: it has ended. */
  readonly program: string | null;
}

/** It goes on by itself, so slowly that nothing waits for it. */
export interface ConnectorSearch {
  /** Who it is; null: not known, or not yet. */
  readonly found: NamedProcess | null;
  /** The rest of it at once; null where nobody was found in the little time that it may take. */
  finish(): NamedProcess | null;
}

export interface Holders {
  /**
   * A process below `rootPid`, itself not, that has the socket open; null where there is none.
   * `likely` is looked at first. A process that may not be looked at counts as a holder.
   */
  find(socket: Transferable, rootPid: number, likely: number): number | null;
  /** Whether a guest runs below `rootPid`, the host-runtime: anybody but its init. */
  inhabited(rootPid: number): boolean;
  /** Calls back once when the process has ended, never at once; the result ends that. */
  onEnd(pid: number, callback: () => void): () => void;
  /** Name of a process's program, as the kernel has it; null: it has ended. */
  program(pid: number): string | null;
  /**
   * Looks for who has the TCP socket with this own address: a process below `rootPid`, or itself;
   * null: any of this user's. Returns null where searches have cost enough for now.
   */
  connector(own: SocketAddress, rootPid: number | null): ConnectorSearch | null;
}
