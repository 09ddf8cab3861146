/** Who has a socket open: what guests say of their listeners is verified here. */
import type { Transferable } from "./sockets.js";

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
}
