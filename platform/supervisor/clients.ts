/** Programs started with `im run`: each has an overlay address of its own while it lives. */
import { ImError } from "../errors/im-error.js";
import { clientOffsetFirst, clientsMax } from "../network/layout.js";
import type { Peer } from "../ports/processes.js";
import type { Resident } from "./origins.js";

export interface Client {
  readonly peer: Peer;
  readonly address: number;
  readonly program: string;
}

export class Clients {
  readonly #base: number;
  readonly #byAddress = new Map<number, Client>();
  readonly #byPeer = new Map<Peer, Client>();
  #next = 0;

  constructor(blockBase: number) {
    this.#base = blockBase + clientOffsetFirst;
  }

  /** Addresses are given out in turn, so that one is not seen again soon after its owner left. */
  add(peer: Peer, program: string): Client {
    if (this.#byAddress.size >= clientsMax) {
      throw new ImError("IM_CLIENTS_MAX", {
        what: `${clientsMax} programs run in this deployment's network already`,
      });
    }
    while (this.#byAddress.has(this.#base + this.#next)) this.#step();
    const client = { peer, address: this.#base + this.#next, program };
    this.#step();
    return this.#enter(client);
  }

  /** A client that an earlier supervisor knew; null where its address has gone to another. */
  resume(peer: Peer, program: string, address: number): Client | null {
    const known = address >= this.#base && address < this.#base + clientsMax;
    if (!known || this.#byAddress.has(address)) return null;
    return this.#enter({ peer, address, program });
  }

  #enter(client: Client): Client {
    this.#byAddress.set(client.address, client);
    this.#byPeer.set(client.peer, client);
    return client;
  }

  remove(peer: Peer): void {
    const client = this.#byPeer.get(peer);
    if (client === undefined) return;
    this.#byPeer.delete(peer);
    this.#byAddress.delete(client.address);
  }

  at(address: number): Client | null {
    return this.#byAddress.get(address) ?? null;
  }

  residentAt(address: number): Resident | null {
    const client = this.at(address);
    return client === null ? null : { name: client.program, rootPid: client.peer.pid };
  }

  of(peer: Peer): Client | null {
    return this.#byPeer.get(peer) ?? null;
  }

  #step(): void {
    this.#next = (this.#next + 1) % clientsMax;
  }
}
