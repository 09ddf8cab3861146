/** Where signals come from: causes as they are made, and who is behind an overlay address. */
import type { Cause } from "../lifecycle/events.js";
import type { ListenPort } from "../manifest/manifest.js";
import type { Clock } from "../ports/clock.js";
import type { ConnectorSearch, Holders } from "../ports/holders.js";
import type { SocketAddress } from "../ports/sockets.js";

/** A host or a program in the deployment's network. */
export interface Resident {
  readonly name: string;
  /** Its processes are this one and those below; null: none runs. */
  readonly rootPid: number | null;
}

export interface OriginPorts {
  readonly clock: Clock;
  readonly holders: Holders;
}

type Known = Omit<Cause, "atMs" | "startedMs" | "port"> & { readonly port?: number };

export class Origins {
  readonly #ports: OriginPorts;
  readonly #residentAt: (address: number) => Resident | null;

  constructor(ports: OriginPorts, residentAt: (address: number) => Resident | null) {
    this.#ports = ports;
    this.#residentAt = residentAt;
  }

  /** A cause of this moment. */
  cause(known: Known): Cause {
    const { clock } = this.#ports;
    return { port: null, ...known, atMs: clock.nowMs(), startedMs: clock.monotonicMs() };
  }

  /** Of what has come to a port; `from` null: nobody knows from where. */
  arrival({ port, protocol }: ListenPort, from: SocketAddress | null): Cause {
    const by = from === null ? "outside" : this.nameOf(from.address);
    // What a datagram was sent with may have no address of its own.
    if (protocol === "udp") return this.cause({ signal: "datagram", by, port });
    return this.cause({ signal: "connect", by, port, source: from });
  }

  /** Name of the host or program behind an overlay address; "outside" for any other. */
  nameOf(address: number): string {
    return this.#residentAt(address)?.name ?? "outside";
  }

  /** Looks for the process that a cause came from; null: nobody can tell. */
  identify({ pid, source = null }: Cause): ConnectorSearch | null {
    const { holders } = this.#ports;
    if (pid !== undefined) {
      const found = { pid, program: holders.program(pid) };
      return { found, finish: () => found };
    }
    if (source === null) return null;
    return holders.connector(source, this.#residentAt(source.address)?.rootPid ?? null);
  }
}
