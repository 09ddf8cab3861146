/**
 * A listening socket with all its duplicates: the supervisor's and its keeper's, and the guest's
 * after a hand-over. The queue belongs to the socket, not to any of them.
 */
import type { SocketAddress } from "../../platform/ports/sockets.js";
import type { Kernel } from "./kernel.js";
import type { Stream } from "./stream.js";

export interface ListeningGuest {
  readonly runtimePid: number;
  readonly pid: number;
  arrived(): void;
}

const queueMax = 4096;
/** A handshake that is not answered is begun again after this, ms. */
const handshakeMs = 1000;

export class ListeningSocket {
  readonly kernel: Kernel;
  readonly address: number;
  readonly port: number;
  readonly #queue: Stream[] = [];
  #guest: ListeningGuest | null = null;
  #armed: (() => void) | null = null;
  #isOpen = true;
  #admits = true;

  constructor(kernel: Kernel, address: number, port: number) {
    this.kernel = kernel;
    this.address = address;
    this.port = port;
  }

  get guest(): ListeningGuest | null {
    return this.#guest;
  }

  get queued(): readonly Stream[] {
    return this.#queue;
  }

  enqueue(stream: Stream): void {
    if (stream.state !== "queued") return;
    if (!this.#isOpen || this.#queue.length >= queueMax) {
      stream.reset();
      return;
    }
    if (!this.#admits) {
      this.kernel.timeline.after(handshakeMs, () => this.enqueue(stream));
      return;
    }
    this.#queue.push(stream);
    const fire = this.#armed;
    this.#armed = null;
    fire?.();
    if (this.#guest === null) return;
    this.kernel.signal(this.#guest.runtimePid, null);
    this.#guest.arrived();
  }

  unqueue(stream: Stream): void {
    const index = this.#queue.indexOf(stream);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  /** The first that waits, out of the queue. */
  shift(): Stream | null {
    return this.#queue.shift() ?? null;
  }

  /** false: who connects waits before the queue. */
  admit(open: boolean): void {
    this.#admits = open;
  }

  /** The supervisor's watch: at once where somebody waits already. */
  arm(onWaiting: () => void): void {
    if (this.#queue.length > 0) onWaiting();
    else this.#armed = onWaiting;
  }

  disarm(): void {
    this.#armed = null;
  }

  waiting(): readonly SocketAddress[] {
    return this.#queue.map(({ client, clientPort }) => ({
      address: client.address,
      port: clientPort,
    }));
  }

  join(guest: ListeningGuest): void {
    this.#guest = guest;
  }

  leave(guest: ListeningGuest): void {
    if (this.#guest === guest) this.#guest = null;
  }

  resetQueue(): void {
    for (const stream of this.#queue.splice(0)) stream.reset();
  }

  /** For every holder. */
  end(): void {
    this.#isOpen = false;
    this.#armed = null;
    this.kernel.unbind(this);
    this.resetQueue();
  }
}
