/** The placeholders of one host: one a declared port, and those that connects asked for. */
import type { Placeholder, Sockets } from "../ports/sockets.js";

interface Held {
  readonly placeholder: Placeholder;
  declared: boolean;
  /** A guest of the present life has a duplicate of the socket. */
  handedOver: boolean;
}

/** A port scan must not exhaust the node's descriptors. */
const undeclaredMax = 16;

export class PlaceholderSet {
  readonly #held = new Map<number, Held>();
  readonly #address: number;
  readonly #sockets: Sockets;
  readonly #onWaiting: (port: number, source: number | null) => void;
  #watching = true;

  /** `onWaiting` gets the port and the source address of the first connection that waits. */
  constructor(
    address: number,
    sockets: Sockets,
    onWaiting: (port: number, source: number | null) => void,
  ) {
    this.#address = address;
    this.#sockets = sockets;
    this.#onWaiting = onWaiting;
  }

  /** Opens what is new and closes what is no longer declared. */
  declare(ports: readonly number[]): void {
    for (const port of ports) {
      const held = this.#held.get(port);
      if (held === undefined) this.#open(port, true);
      else held.declared = true;
    }
    for (const [port, held] of this.#held) {
      if (held.declared && !ports.includes(port)) this.#drop(port, held);
    }
  }

  /** false: so many ports that nobody declared are held already that no more are opened. */
  openOnDemand(port: number): boolean {
    if (this.#held.has(port)) return true;
    const undeclared = [...this.#held.values()].filter((held) => !held.declared).length;
    if (undeclared >= undeclaredMax) return false;
    this.#open(port, false);
    return true;
  }

  /** The host is not there: baseline options, and any connection is a signal. */
  watch(): void {
    this.#watching = true;
    for (const [port, held] of this.#held) {
      held.handedOver = false;
      if (!held.declared) {
        this.#drop(port, held);
        continue;
      }
      held.placeholder.restore();
      this.#arm(held.placeholder);
    }
  }

  unwatch(): void {
    this.#watching = false;
    for (const held of this.#held.values()) held.placeholder.disarm();
  }

  /** The placeholder that a bind to `port` is answered with. */
  handOver(port: number): Placeholder | "native" | "in-use" {
    const held = this.#held.get(port);
    if (held === undefined) return "native";
    if (held.handedOver) return "in-use";
    held.handedOver = true;
    held.placeholder.disarm();
    return held.placeholder;
  }

  noteListening(port: number, handedOver: boolean): void {
    const held = this.#held.get(port);
    if (held !== undefined && handedOver) held.handedOver = true;
  }

  /** The guest closed its listener: the next bind is handed the same socket again. */
  noteClosed(port: number): void {
    const held = this.#held.get(port);
    if (held !== undefined) held.handedOver = false;
  }

  /** Ports that only a connect asked for, and that the guest did not open. */
  closeUnclaimed(): void {
    for (const [port, held] of this.#held) {
      if (!held.declared && !held.handedOver) this.#drop(port, held);
    }
  }

  resetQueues(): void {
    for (const held of this.#held.values()) {
      held.placeholder.resetQueue();
      if (this.#watching) this.#arm(held.placeholder);
    }
  }

  close(): void {
    for (const [port, held] of this.#held) this.#drop(port, held);
  }

  #open(port: number, declared: boolean): void {
    const placeholder = this.#sockets.open({ address: this.#address, port });
    this.#held.set(port, { placeholder, declared, handedOver: false });
    if (this.#watching && declared) this.#arm(placeholder);
  }

  #drop(port: number, held: Held): void {
    held.placeholder.disarm();
    held.placeholder.close();
    this.#held.delete(port);
  }

  #arm(placeholder: Placeholder): void {
    placeholder.arm(() => {
      const source = placeholder.waiting()[0];
      this.#onWaiting(placeholder.port, source?.address ?? null);
    });
  }
}
