/**
 * The sockets of one machine: listening ones with their queues, connections as a dump shows them,
 * and watches over what arrives for frozen guests. Survives every process of the machine.
 */
import type { Connection } from "../../platform/ports/sensor.js";
import { ListeningSocket } from "./listening-socket.js";
import type { Network } from "./network.js";
import type { Stage } from "./stage.js";
import { Stream, type StreamClient } from "./stream.js";
import type { Timeline } from "./timeline.js";

export interface Watch {
  readonly runtimePid: number;
  fire(stream: Stream | null): void;
}

export class Kernel {
  readonly name: string;
  readonly stage: Stage;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly #listening = new Map<string, ListeningSocket>();
  /** By the address of the end that is here. */
  readonly #streams = new Map<number, Set<Stream>>();
  readonly watches = new Set<Watch>();

  constructor(name: string, stage: Stage, timeline: Timeline, network: Network) {
    this.name = name;
    this.stage = stage;
    this.timeline = timeline;
    this.network = network;
  }

  /** Finds the socket that is bound there, or binds one. */
  listen(address: number, port: number): { socket: ListeningSocket; wasThere: boolean } {
    const key = `${address}:${port}`;
    const known = this.#listening.get(key);
    if (known !== undefined) return { socket: known, wasThere: true };
    const socket = new ListeningSocket(this, address, port);
    this.#listening.set(key, socket);
    return { socket, wasThere: false };
  }

  unbind(socket: ListeningSocket): void {
    this.#listening.delete(`${socket.address}:${socket.port}`);
  }

  /** null: nobody listens there. */
  connect(client: StreamClient, address: number, port: number): Stream | null {
    const socket = this.#listening.get(`${address}:${port}`);
    if (socket === undefined) return null;
    const stream = new Stream(this.network.nextStream(), client, this, address, port);
    this.#note(address, stream);
    if (client.address !== 0) client.machine.#note(client.address, stream);
    this.stage.deliver(() => socket.enqueue(stream));
    return stream;
  }

  /** It comes over from another machine, still in nobody's hands; false: nobody listens here. */
  take(stream: Stream): boolean {
    const socket = this.#listening.get(`${stream.address}:${stream.port}`);
    if (socket === undefined) return false;
    stream.at = this;
    this.#note(stream.address, stream);
    if (stream.client.address !== 0) stream.client.machine.#note(stream.client.address, stream);
    socket.enqueue(stream);
    return true;
  }

  unqueue(stream: Stream): void {
    this.#listening.get(`${stream.address}:${stream.port}`)?.unqueue(stream);
  }

  forget(stream: Stream): void {
    this.#streams.get(stream.address)?.delete(stream);
    this.#streams.get(stream.client.address)?.delete(stream);
  }

  /** The machine is gone for the others: connections with them are given up. */
  loseOthers(): void {
    for (const streams of this.#streams.values()) {
      for (const stream of [...streams]) {
        if (stream.client.machine !== stream.at) stream.timeOut();
      }
    }
  }

  streams(address: number): ReadonlySet<Stream> {
    return this.#streams.get(address) ?? new Set();
  }

  /** Bytes came in for whoever has it. */
  arrived(stream: Stream): void {
    if (stream.server !== null) this.signal(stream.server.runtimePid, stream);
    else if (stream.state === "queued") {
      const key = `${stream.address}:${stream.port}`;
      const pid = this.#listening.get(key)?.guest?.runtimePid ?? null;
      if (pid !== null) this.signal(pid, stream);
    }
  }

  signal(runtimePid: number, stream: Stream | null): void {
    for (const watch of this.watches) if (watch.runtimePid === runtimePid) watch.fire(stream);
  }

  /** As sock_diag tells them, by a clock of the machine's that says `atMs`. */
  connections(atMs: number): ReadonlyMap<number, readonly Connection[]> {
    const all = new Map<number, readonly Connection[]>();
    for (const own of this.#streams.keys()) {
      const told = this.connectionsOf(own, atMs);
      if (told.length > 0) all.set(own, told);
    }
    return all;
  }

  /** Acknowledgements are not modelled: times do not tie here. */
  connectionsOf(own: number, atMs: number): readonly Connection[] {
    const behindMs = atMs - this.timeline.nowMs;
    return [...(this.#streams.get(own) ?? [])].map((stream) => {
      const inbound = own === stream.address;
      const receivedMs = inbound ? stream.toServerMs : stream.toClientMs;
      const sentMs = inbound ? stream.toClientMs : stream.toServerMs;
      return {
        id: inbound ? 2 * stream.id : 2 * stream.id + 1,
        protocol: "tcp",
        address: own,
        port: inbound ? stream.port : stream.clientPort,
        peerAddress: inbound ? stream.client.address : stream.address,
        peerPort: inbound ? stream.clientPort : stream.port,
        waiting: inbound && stream.state === "queued",
        receiveQueue: inbound ? stream.unread : 0,
        sendQueue: 0,
        received: inbound ? stream.toServer : stream.toClient,
        sent: inbound ? stream.toClient : stream.toServer,
        lastReceivedAtMs: receivedMs + behindMs,
        lastSentAtMs: sentMs + behindMs,
        lastAcknowledgedAtMs: Math.max(receivedMs, sentMs) + behindMs,
        ...{ acksReceived: 0, acksSent: 0 },
      };
    });
  }

  #note(address: number, stream: Stream): void {
    const streams = this.#streams.get(address) ?? new Set<Stream>();
    this.#streams.set(address, streams.add(stream));
  }
}
