/** Who has a socket open: what guests say of their listeners is verified here. */
import type { SocketAddress, Transferable } from "./sockets.js";

export interface NamedProcess {
  readonly pid: number;
  /** Name of its program, as the kernel has it; null: it has ended. */
  readonly program: string | null;
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
   * Who has the TCP socket with this own address: a process below `rootPid`, or itself; null: any
   * of this user's. null where none was found in the little time that this may take.
   */
  connector(own: SocketAddress, rootPid: number | null): NamedProcess | null;
}
