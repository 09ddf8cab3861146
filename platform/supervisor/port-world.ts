/** What a held port needs of its host and of the node. */
import type { ListenPort } from "../manifest/manifest.js";
import type { Clock } from "../ports/clock.js";
import type { Holders } from "../ports/holders.js";
import type { Log } from "../ports/log.js";
import type { SocketAddress, Sockets } from "../ports/sockets.js";

export interface PortPorts {
  readonly sockets: Sockets;
  readonly holders: Holders;
  readonly clock: Clock;
  readonly log: Log;
}

/** One a host: of ten thousand hosts each object counts. */
export interface PortWorld {
  readonly address: number;
  readonly ports: PortPorts;
  /** Root of the guest's processes; null while there are none. */
  readonly rootPid: () => number | null;
  /** The port, and the source of the first connection or datagram that waits. */
  readonly onWaiting: (port: ListenPort, source: SocketAddress | null) => void;
  /** Whether the guest listens is not what it was. */
  readonly onChange: () => void;
  /** Another port stands in for it than before. */
  readonly onMapped: () => void;
}
