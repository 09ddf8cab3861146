/**
 * Published ports: 127.0.0.1:from on this machine leads to a host's port. A copying proxy, because
 * the outside cannot be handed an overlay socket; the host is woken by the connect as ever. The
 * listeners are in custody: while there is no daemon, new connections wait in their queues.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Addon, loadAddon } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import { formatAddress } from "../network/layout.js";
import { type Custody, noCustody } from "../ports/custody.js";
import type { Log } from "../ports/log.js";

export interface Publication {
  readonly from: number;
  /** IPv4 in host order. */
  readonly address: number;
  readonly to: number;
}

const loopback = 0x7f000001;

/** Everything that can be refused has been done; the published ports are still the old ones. */
export interface PreparedPorts {
  commit(): void;
  cancel(): void;
}

interface PublishedPort {
  readonly server: Server;
  /** Where its next connections lead. */
  target: Publication;
}

export class PublishedPorts {
  readonly #ports = new Map<number, PublishedPort>();
  readonly #sockets = new Set<Socket>();
  readonly #log: Log;
  readonly #mapped: (address: number, port: number) => number;
  readonly #addon: Addon;
  readonly #custody: Custody;

  /** `mapped` gives the port that is really bound for a host's declared one. */
  constructor(
    log: Log,
    mapped: (address: number, port: number) => number,
    addon: Addon = loadAddon(),
    custody: Custody = noCustody,
  ) {
    this.#log = log;
    this.#mapped = mapped;
    this.#addon = addon;
    this.#custody = custody;
  }

  /**
   * Opens what is missing to make exactly these the published ports. Rejects with IM_PORT_TAKEN or
   * IM_PORT_FORBIDDEN, and then nothing has changed.
   */
  async prepare(publications: readonly Publication[]): Promise<PreparedPorts> {
    const opened = new Map<number, PublishedPort>();
    const cancel = (): void => {
      for (const port of opened.values()) this.#end(port);
    };
    try {
      for (const publication of publications) {
        const { from } = publication;
        if (!this.#ports.has(from)) opened.set(from, await this.#listen(publication));
      }
    } catch (error) {
      cancel();
      throw error;
    }
    return { cancel, commit: () => this.#commit(publications, opened) };
  }

  close(): void {
    for (const port of this.#ports.values()) this.#end(port);
    this.#ports.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  #commit(publications: readonly Publication[], opened: ReadonlyMap<number, PublishedPort>): void {
    const wanted = new Map(publications.map((publication) => [publication.from, publication]));
    for (const [from, port] of opened) this.#ports.set(from, port);
    for (const [from, port] of this.#ports) {
      const target = wanted.get(from);
      if (target !== undefined) {
        port.target = target;
        continue;
      }
      this.#end(port);
      this.#ports.delete(from);
    }
  }

  #end({ server, target }: PublishedPort): void {
    this.#custody.drop(labelOf(target));
    server.close();
  }

  async #listen(target: Publication): Promise<PublishedPort> {
    const descriptor = this.#open(target);
    this.#custody.keep(labelOf(target), descriptor);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) =>
      this.#carry(outside, port.target),
    );
    const port: PublishedPort = { server, target };
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      // The server owns the descriptor, and closes it.
      server.listen({ fd: descriptor, backlog: 4096 }, () => {
        server.removeAllListeners("error");
        server.on("error", (error) => this.#log.warn({ err: error }, "a published port failed"));
        resolve(port);
      });
    });
  }

  #open(publication: Publication): number {
    const recovered = this.#custody.recovered(labelOf(publication));
    if (recovered !== null) return recovered;
    try {
      return this.#addon.openPlaceholder(loopback, publication.from);
    } catch (error) {
      throw error instanceof Error ? refusal(publication.from, error) : error;
    }
  }

  #carry(outside: Socket, { address, to }: Publication): void {
    const port = this.#mapped(address, to);
    const host = connect({ host: formatAddress(address), port, allowHalfOpen: true });
    host.setNoDelay(true);
    for (const [socket, other] of [
      [outside, host],
      [host, outside],
    ] as const) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      // A connection that broke on one side breaks on the other: a reset, as it was.
      socket.once("error", () => other.resetAndDestroy());
      socket.pipe(other);
    }
  }
}

function labelOf({ from }: Publication): string {
  return `publish ${from}`;
}

function refusal(port: number, error: Error): ImError {
  const forbidden = "code" in error && error.code === "EACCES";
  return new ImError(forbidden ? "IM_PORT_FORBIDDEN" : "IM_PORT_TAKEN", {
    what: forbidden
      ? `port ${port} may not be opened by this user`
      : `port ${port} cannot be held: a program of this machine listens on it`,
    expected: forbidden
      ? "a port from 1024 up, unless run as root"
      : `127.0.0.1:${port} to be free`,
    received: error.message,
    cause: error,
  });
}
