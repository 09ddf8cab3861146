/**
 * Published ports: 127.0.0.1:from on this machine leads to a host's port. A copying proxy, because
 * the outside cannot be handed an overlay socket; the host is woken by the connect as ever.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { ImError } from "../errors/im-error.js";
import { formatAddress } from "../network/layout.js";
import type { Log } from "../ports/log.js";

export interface Publication {
  readonly from: number;
  /** IPv4 in host order. */
  readonly address: number;
  readonly to: number;
}

export class PublishedPorts {
  readonly #servers = new Map<string, Server>();
  readonly #sockets = new Set<Socket>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Makes exactly these the published ports; rejects with IM_PORT_TAKEN or IM_PORT_FORBIDDEN. */
  async publish(publications: readonly Publication[]): Promise<void> {
    const wanted = new Map(publications.map((p) => [`${p.from}:${p.address}:${p.to}`, p]));
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue;
      server.close();
      this.#servers.delete(key);
    }
    for (const [key, publication] of wanted) {
      if (!this.#servers.has(key)) this.#servers.set(key, await this.#listen(publication));
    }
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(publication: Publication): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) =>
      this.#carry(outside, publication),
    );
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(refusal(publication.from, error)));
      server.listen({ host: "127.0.0.1", port: publication.from, backlog: 4096 }, () => {
        server.removeAllListeners("error");
        server.on("error", (error) => this.#log.warn({ err: error }, "a published port failed"));
        resolve(server);
      });
    });
  }

  #carry(outside: Socket, { address, to }: Publication): void {
    const host = connect({ host: formatAddress(address), port: to, allowHalfOpen: true });
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

function refusal(port: number, error: Error): ImError {
  const forbidden = "code" in error && error.code === "EACCES";
  return new ImError(forbidden ? "IM_PORT_FORBIDDEN" : "IM_PORT_TAKEN", {
    what: `port ${port} cannot be published on 127.0.0.1`,
    received: error.message,
    cause: error,
  });
}
