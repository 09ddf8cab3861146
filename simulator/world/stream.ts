/**
 * One connection, both ends of it. It waits in the queue of a listening socket until a guest takes
 * it; requests go one way and answers come back. An end on another machine is reached by the
 * network, which repeats what is lost until it gives up.
 */
import type { Kernel } from "./kernel.js";

/** Who opened it. */
export interface StreamClient {
  /** IPv4 in host order; 0: a program without an address of its own. */
  readonly address: number;
  readonly machine: Kernel;
  /** Of the runtime whose guest it is; null: a program beside. */
  readonly runtimePid: number | null;
  data(stream: Stream): void;
  /** The other side is gone: nothing more comes. */
  ended(stream: Stream, how: "closed" | "reset" | "timed out"): void;
}

/** Who took it. */
export interface StreamServer {
  readonly runtimePid: number;
  data(stream: Stream): void;
  ended(stream: Stream): void;
}

/** The network gives up a connection of which nothing arrives for this long. */
export const giveUpMs = 45_000;
const repeatMs = 500;
const withinMs = 0.03;
const requestBytes = 64;

export class Stream {
  readonly id: number;
  readonly client: StreamClient;
  readonly clientPort: number;
  readonly address: number;
  readonly port: number;
  state: "queued" | "accepted" | "closed" = "queued";
  server: StreamServer | null = null;
  /** The machine where it is queued, or was taken. */
  at: Kernel;
  /** Bytes, and when the last of them came, true ms. */
  toServer = 0;
  toClient = 0;
  unread = 0;
  readonly openedMs: number;
  toServerMs: number;
  toClientMs: number;
  /** Requests that have come and are not answered. */
  pending = 0;
  askedMs = 0;

  constructor(id: number, client: StreamClient, at: Kernel, address: number, port: number) {
    this.id = id;
    this.client = client;
    this.clientPort = 32_768 + (id % 28_000);
    this.at = at;
    this.address = address;
    this.port = port;
    this.openedMs = at.timeline.nowMs;
    this.toServerMs = at.timeline.nowMs;
    this.toClientMs = at.timeline.nowMs;
  }

  /** The client asks something. */
  request(): void {
    this.#carry(this.client.machine, this.at, () => {
      this.pending += 1;
      this.toServer += requestBytes;
      this.unread += requestBytes;
      this.toServerMs = this.at.timeline.nowMs;
      this.askedMs = this.at.timeline.nowMs;
      this.at.arrived(this);
      this.server?.data(this);
    });
  }

  /** A guest takes it out of the queue. */
  accept(server: StreamServer): void {
    this.state = "accepted";
    this.server = server;
  }

  /** The guest has read everything. */
  read(): void {
    this.unread = 0;
  }

  answer(): void {
    this.pending = Math.max(0, this.pending - 1);
    this.toClient += requestBytes;
    this.toClientMs = this.at.timeline.nowMs;
    this.#carry(this.at, this.client.machine, () => {
      if (this.client.runtimePid !== null) this.client.machine.signal(this.client.runtimePid, this);
      this.client.data(this);
    });
  }

  /** The client closes it. */
  finish(): void {
    this.#carry(this.client.machine, this.at, () => {
      if (this.state === "queued") this.at.unqueue(this);
      const { server } = this;
      this.#close();
      if (server === null) return;
      this.at.signal(server.runtimePid, this);
      server.ended(this);
    });
  }

  /** The server's side of it goes away. */
  reset(): void {
    if (this.state === "closed") return;
    this.#close();
    this.#tell("reset");
  }

  /** Nothing has come from the other machine for too long. */
  timeOut(): void {
    if (this.state === "closed") return;
    const { server, client, at } = this;
    if (this.state === "queued") at.unqueue(this);
    this.#close();
    at.stage.deliver(() => server?.ended(this));
    client.machine.stage.deliver(() => client.ended(this, "timed out"));
  }

  #tell(how: "reset" | "timed out"): void {
    const { client, at } = this;
    const tell = () => client.machine.stage.deliver(() => client.ended(this, how));
    if (client.machine === at) at.timeline.after(withinMs, tell);
    else if (at.network.passes(at.name, client.machine.name)) {
      at.timeline.after(at.network.latencyMs(), tell);
    } else at.timeline.after(giveUpMs, tell);
  }

  #carry(from: Kernel, to: Kernel, act: () => void, waitedMs = 0): void {
    const { timeline, network } = to;
    const arrive = () =>
      to.stage.deliver(() => {
        if (this.state !== "closed") act();
      });
    if (from === to) {
      timeline.after(withinMs, arrive);
    } else if (network.passes(from.name, to.name) && network.passes(to.name, from.name)) {
      timeline.after(network.latencyMs(), arrive);
    } else if (waitedMs < giveUpMs) {
      timeline.after(repeatMs, () => this.#carry(from, to, act, waitedMs + repeatMs));
    } else {
      this.timeOut();
    }
  }

  #close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.at.forget(this);
    this.client.machine.forget(this);
  }
}
