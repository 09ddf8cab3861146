/** A placeholder of UDP as a real socket. */
import type { Addon } from "../../shim/index.js";
import type { Custody } from "../ports/custody.js";
import type { Placeholder, PlaceholderAddress, SocketAddress } from "../ports/sockets.js";

export interface HeldDatagrams {
  readonly addon: Addon;
  readonly custody: Custody;
  /** What it is kept under. */
  readonly label: string;
  readonly descriptor: number;
  /** An earlier process of this node held it already. */
  readonly recovered: boolean;
}

export class DatagramPlaceholder implements Placeholder {
  readonly protocol = "udp";
  readonly address: number;
  readonly port: number;
  readonly mapped: number;
  readonly descriptor: number;
  readonly recovered: boolean;
  readonly #held: HeldDatagrams;
  #onWaiting: (() => void) | null = null;
  #watched = false;

  constructor(at: PlaceholderAddress, held: HeldDatagrams) {
    this.address = at.address;
    this.port = at.port;
    this.#held = held;
    this.descriptor = held.descriptor;
    this.recovered = held.recovered;
    this.mapped = held.addon.localPort(held.descriptor);
  }

  /** The watch stays: what was in the queue when it was armed again does not fire it once more. */
  arm(onWaiting: () => void): void {
    this.#onWaiting = onWaiting;
    if (this.#watched) return;
    this.#watched = true;
    this.#held.addon.watchEdges(this.descriptor, () => this.#fired());
  }

  disarm(): void {
    this.#onWaiting = null;
    if (!this.#watched) return;
    this.#watched = false;
    this.#held.addon.unwatch(this.descriptor);
  }

  waiting(): readonly SocketAddress[] {
    const sender = this.#held.addon.nextSender(this.descriptor);
    return sender === null ? [] : [sender];
  }

  restore(): void {
    this.#held.addon.restoreDatagrams(this.descriptor);
  }

  /** What comes waits in the socket, whoever has it. */
  admit(): void {}

  /** A datagram is not answered with an error: it waits for a life that reads it. */
  resetQueue(): void {}

  close(): void {
    this.disarm();
    this.#held.custody.drop(this.#held.label);
    this.#held.addon.close(this.descriptor);
  }

  /** The keeper closes its duplicate a moment later: until then another may be bound beside it. */
  end(): void {
    this.#held.addon.shareDatagrams(this.descriptor);
    this.close();
  }

  #fired(): void {
    const onWaiting = this.#onWaiting;
    this.#onWaiting = null;
    onWaiting?.();
  }
}
