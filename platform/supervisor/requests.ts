/** What guests and clients ask under the shim: answered here, or by the host that is meant. */
import { constants } from "node:os";
import type { Peer, PendingRequest } from "../ports/processes.js";
import type { Clients } from "./clients.js";
import type { SupervisedHost } from "./supervised-host.js";
import type { SupervisorPorts } from "./supervisor-context.js";

export class Requests {
  readonly #ports: SupervisorPorts;
  readonly #byAddress: ReadonlyMap<number, SupervisedHost>;
  readonly #clients: Clients;

  constructor(
    ports: SupervisorPorts,
    byAddress: ReadonlyMap<number, SupervisedHost>,
    clients: Clients,
  ) {
    this.#ports = ports;
    this.#byAddress = byAddress;
    this.#clients = clients;
  }

  ofGuest(peer: Peer, host: SupervisedHost, pending: PendingRequest): void {
    const { type } = pending.request;
    const own = pending.request.address === host.declared.address;
    if (type === "connect" && own) host.listeners.ownConnect(pending);
    else if (type === "connect") this.#connect(pending, host.declared.name);
    else if (type === "table") this.#table(pending);
    else host.listeners.request(peer, pending);
  }

  /** `by`: the name that a cause tells. */
  ofClient(peer: Peer, pending: PendingRequest, by: string): void {
    const { type, address, port } = pending.request;
    if (type === "connect") this.#connect(pending, by);
    else if (type === "table") this.#table(pending);
    else if (type === "bind") {
      const host = this.#byAddress.get(address);
      const error = host?.declares(pending.request) ? constants.errno.EADDRINUSE : 0;
      pending.answer({ error, action: "native", address, port });
    } else {
      this.#ports.log.debug({ pid: peer.pid, type }, "a client's listener");
    }
  }

  #connect(pending: PendingRequest, by: string): void {
    const { address, port } = pending.request;
    const host = this.#byAddress.get(address);
    if (host !== undefined) {
      host.connectRequest(pending, by);
      return;
    }
    const error = this.#clients.at(address) === null ? constants.errno.EHOSTUNREACH : 0;
    pending.answer({ error, action: "native", address, port });
  }

  #table(pending: PendingRequest): void {
    const { address, port } = pending.request;
    pending.answer({ error: 0, action: "handover", address, port }, this.#ports.nameTable);
  }
}
