/** Environments and clients of this node, as they connect to `node.sock`. */
import { rmSync } from "node:fs";
import type { Addon, ReceivedMessage } from "../../shim/index.js";
import type { Log } from "../ports/log.js";
import type { Peer, PeerHandler, PendingRequest, Processes } from "../ports/processes.js";
import type { Transferable } from "../ports/sockets.js";
import {
  type ControlReply,
  type ControlRequest,
  decodeRequest,
  encodeReply,
} from "../protocol/control.js";
import { environmentMessage, type SupervisorMessage } from "../protocol/environment.js";

const acceptPauseMs = 200;

export class SystemProcesses implements Processes {
  readonly #addon: Addon;
  readonly #log: Log;
  readonly #path: string;
  readonly #listener: number;
  readonly #peers = new Set<SystemPeer>();
  #pause: NodeJS.Timeout | undefined;

  constructor(addon: Addon, log: Log, path: string) {
    this.#addon = addon;
    this.#log = log;
    this.#path = path;
    // One daemon a home holds the lock: a socket that is there is a killed one's.
    rmSync(path, { force: true });
    this.#listener = addon.listenPackets(path);
  }

  accept(handler: PeerHandler): void {
    this.#addon.watch(this.#listener, () => {
      try {
        this.#acceptAll(handler);
        this.#addon.rearm(this.#listener);
      } catch (error) {
        // Out of descriptors, most likely: whoever waits goes on waiting until there are some.
        this.#log.error({ err: error }, "no connection could be accepted");
        this.#pause = setTimeout(() => this.#addon.rearm(this.#listener), acceptPauseMs);
      }
    });
  }

  #acceptAll(handler: PeerHandler): void {
    for (;;) {
      const connection = this.#addon.acceptPackets(this.#listener);
      if (connection === null) return;
      this.#open(connection, handler);
    }
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#addon.unwatch(this.#listener);
    this.#addon.close(this.#listener);
    rmSync(this.#path, { force: true });
    for (const peer of [...this.#peers]) peer.close();
  }

  #open(connection: number, handler: PeerHandler): void {
    const { pid, uid } = this.#addon.peerCredentials(connection);
    if (uid !== 0 && uid !== process.getuid?.()) {
      this.#log.warn({ pid, uid }, "a connection of another user was refused");
      this.#addon.close(connection);
      return;
    }
    const peer = new SystemPeer(this.#addon, this.#log, connection, pid);
    this.#peers.add(peer);
    peer.serve(handler, () => this.#peers.delete(peer));
  }
}

class SystemPeer implements Peer {
  readonly pid: number;
  readonly #addon: Addon;
  readonly #log: Log;
  readonly #connection: number;
  #control: number | null = null;
  #closed = false;
  #onRequest: ((pending: PendingRequest) => void) | null = null;
  #ended: () => void = () => undefined;

  constructor(addon: Addon, log: Log, connection: number, pid: number) {
    this.pid = pid;
    this.#addon = addon;
    this.#log = log;
    this.#connection = connection;
  }

  serve(handler: PeerHandler, gone: () => void): void {
    this.#ended = () => {
      gone();
      handler.closed(this);
    };
    this.#addon.watch(this.#connection, () => this.#receive(handler));
  }

  send(message: SupervisorMessage): void {
    if (this.#closed) return;
    try {
      this.#addon.sendPacket(this.#connection, Buffer.from(JSON.stringify(message)));
    } catch (error) {
      // Gone, or not reading: its hang-up is reported by the watch.
      this.#log.info({ pid: this.pid, type: message.type, error }, "a message was not delivered");
    }
  }

  listen(onRequest: (pending: PendingRequest) => void): void {
    const listening = this.#onRequest !== null;
    this.#onRequest = onRequest;
    const control = this.#control;
    if (control !== null && !listening)
      this.#addon.watch(control, () => this.#receiveRequests(control));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#addon.unwatch(this.#connection);
    this.#addon.close(this.#connection);
    if (this.#control !== null) {
      if (this.#onRequest !== null) this.#addon.unwatch(this.#control);
      this.#addon.close(this.#control);
    }
    this.#ended();
  }

  #receive(handler: PeerHandler): void {
    for (;;) {
      const received = this.#receivePacket(this.#connection);
      if (this.#closed) return;
      if (received === null) break;
      if (received === "end") {
        this.close();
        return;
      }
      this.#take(received, handler);
    }
    this.#addon.rearm(this.#connection);
  }

  #take(received: ReceivedMessage, handler: PeerHandler): void {
    const [first, ...others] = received.descriptors;
    for (const descriptor of others) this.#addon.close(descriptor);
    if (first !== undefined) {
      if (this.#control === null) this.#control = first;
      else this.#addon.close(first);
    }
    const message = environmentMessage.safeParse(parsed(received.data));
    if (!message.success) {
      this.#log.warn({ pid: this.pid }, "a message that is not one was dropped");
      return;
    }
    this.#guarded(() => handler.message(this, message.data));
  }

  #receiveRequests(control: number): void {
    for (;;) {
      const received = this.#receivePacket(control);
      if (this.#closed || received === "end") return;
      if (received === null) break;
      this.#takeRequest(received);
      if (this.#closed) return;
    }
    this.#addon.rearm(control);
  }

  #takeRequest(received: ReceivedMessage): void {
    const request = decodeRequest(received.data);
    const [reply, ...others] = received.descriptors;
    for (const descriptor of others) this.#addon.close(descriptor);
    if (request === null) {
      if (reply !== undefined) this.#addon.close(reply);
      this.#log.warn({ pid: this.pid }, "a request that is not one was dropped");
      return;
    }
    const answered = request.type !== "listen" && request.type !== "close";
    if (!answered && reply !== undefined) this.#addon.close(reply);
    const socket = answered ? (reply ?? null) : null;
    const pending = new SystemPendingRequest(this.#addon, request, socket);
    this.#guarded(() => this.#onRequest?.(pending));
  }

  /** One peer's message must not end the daemon: what it led to is logged, the peer let go. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#log.error({ pid: this.pid, err: error }, "a message could not be handled");
      this.close();
    }
  }

  #receivePacket(descriptor: number): ReceivedMessage | null | "end" {
    try {
      return this.#addon.receivePacket(descriptor);
    } catch (error) {
      this.#log.info({ pid: this.pid, error }, "a connection broke");
      return "end";
    }
  }
}

class SystemPendingRequest implements PendingRequest {
  readonly request: ControlRequest;
  readonly #addon: Addon;
  #reply: number | null;

  constructor(addon: Addon, request: ControlRequest, reply: number | null) {
    this.#addon = addon;
    this.request = request;
    this.#reply = reply;
  }

  answer(reply: ControlReply, hand?: Transferable): void {
    if (this.#reply === null) return;
    const socket = this.#reply;
    this.#reply = null;
    try {
      const hands = hand === undefined ? [] : [hand.descriptor];
      this.#addon.sendPacket(socket, encodeReply(reply), hands);
    } catch {
      // The process that asked is gone: nobody waits for the answer.
    } finally {
      this.#addon.close(socket);
    }
  }
}

function parsed(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    // Not JSON: refused by the schema with everything else that is not a message.
    return null;
  }
}
