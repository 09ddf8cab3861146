/** The placeholders of one host: one a declared port, and those that connects asked for. */
import type { ListenPort } from "../manifest/manifest.js";
import { portKey } from "../network/layout.js";
import type { Placeholder, SocketAddress } from "../ports/sockets.js";
import type { ControlRequest } from "../protocol/control.js";
import { HeldPort } from "./held-port.js";
import type { PortWorld } from "./port-world.js";

/** A port scan must not exhaust the node's descriptors. */
const undeclaredMax = 16;

export interface Waiting extends ListenPort {
  readonly source: SocketAddress;
}

export class PlaceholderSet {
  readonly #held = new Map<string, HeldPort>();
  readonly #world: PortWorld;
  #watching = true;

  constructor(world: PortWorld) {
    this.#world = world;
  }

  /** Opens what is new and closes what is no longer declared. */
  declare(ports: readonly ListenPort[]): void {
    for (const port of ports) {
      const held = this.#at(port);
      if (held === undefined) this.#open(port, true);
      else held.declared = true;
    }
    const declared = new Set(ports.map(portKey));
    for (const [key, held] of this.#held) {
      if (held.declared && !declared.has(key)) this.#drop(held);
    }
  }

  /** What is really bound for a declared port. */
  mapped(port: ListenPort): number {
    return this.#at(port)?.mapped ?? port.port;
  }

  holds(port: number): boolean {
    const tcp = this.#at({ port, protocol: "tcp" });
    return tcp !== undefined || [...this.#held.values()].some(({ mapped }) => mapped === port);
  }

  /** Does the guest listen there? Ports that are not held here are the kernel's to tell. */
  listening(port: number): boolean {
    const held = this.#at({ port, protocol: "tcp" });
    return held === undefined || held.closed || held.listening;
  }

  /** Each port of TCP is listened on, or refuses: no connect waits there for the guest. */
  get complete(): boolean {
    const ports = [...this.#held.values()].filter(({ protocol }) => protocol === "tcp");
    return ports.every((held) => held.closed || held.listening);
  }

  /** Who waits to be taken by the guest, and where; null: nobody. */
  waiting(): Waiting | null {
    for (const { protocol, port, waiting } of this.#held.values()) {
      if (waiting !== null) return { protocol, port, source: waiting };
    }
    return null;
  }

  /** The sockets that a guest of a life may have are not those that are held here. */
  get lost(): boolean {
    return [...this.#held.values()].some((held) => held.lost);
  }

  /** A guest of a life that goes on has the sockets. */
  adopt(): void {
    this.unwatch();
    for (const held of this.#held.values()) held.adopt();
  }

  /**
   * The guest of a life that may still boot is there: each port is its own, or has not been bound
   * yet. Returns whether it has come as far as `port`.
   */
  meet(port: ListenPort | null): boolean {
    for (const held of this.#held.values()) held.meet();
    return port === null || this.#at(port)?.handedOver !== false;
  }

  /**
   * Whether connects to the port can wait here. Not where it cannot be had, or so many ports that
   * nobody declared are held already that no more are opened.
   */
  openOnDemand(port: number): boolean {
    if (this.#at({ port, protocol: "tcp" }) !== undefined) return true;
    const undeclared = [...this.#held.values()].filter((held) => !held.declared).length;
    if (undeclared >= undeclaredMax) return false;
    try {
      this.#open({ port, protocol: "tcp" }, false);
      return true;
    } catch (error) {
      this.#world.ports.log.warn({ port, err: error }, "not held");
      return false;
    }
  }

  /** The host is not there: baseline options, and any connection is a signal. */
  watch(): void {
    this.#watching = true;
    for (const held of this.#held.values()) {
      if (held.declared) held.rest();
      else this.#drop(held);
    }
  }

  unwatch(): void {
    this.#watching = false;
    for (const held of this.#held.values()) held.disarm();
  }

  /** The host is there; ports that stay unbound for this long refuse connects. */
  serve(unboundMs: number): void {
    for (const held of this.#held.values()) held.serve(unboundMs);
  }

  /** The host is ending: what closes now waits for the next life. */
  leave(): void {
    for (const held of this.#held.values()) held.leave();
  }

  /** What a bind is answered with. */
  handOver(request: ControlRequest): Placeholder | "native" | "in-use" {
    return this.#at(request)?.handOver(request.pid, request.reusePort) ?? "native";
  }

  noteListening(request: ControlRequest): void {
    this.#at(request)?.noteListening(request.pid, request.handedOver);
  }

  /** The guest closed its listener: the next bind is handed the same socket again. */
  noteClosed(request: ControlRequest): void {
    this.#at(request)?.noteClosed(request.pid);
  }

  /** Ports that only a connect asked for, and that the guest did not open. */
  closeUnclaimed(): void {
    for (const held of this.#held.values()) {
      if (!held.declared && !held.handedOver) this.#drop(held);
    }
  }

  /** Whether connections come into the queues, or wait before them. */
  admit(open: boolean): void {
    for (const held of this.#held.values()) held.admit(open);
  }

  /** Where a connection is a signal, the next one is again. */
  resetQueues(): void {
    for (const held of this.#held.values()) held.resetQueue();
  }

  close(): void {
    for (const held of this.#held.values()) this.#drop(held);
  }

  #at(port: ListenPort): HeldPort | undefined {
    return this.#held.get(portKey(port));
  }

  #open(port: ListenPort, declared: boolean): void {
    const held = new HeldPort(port, declared, this.#world);
    this.#held.set(portKey(port), held);
    if (this.#watching && declared) held.arm();
  }

  #drop(held: HeldPort): void {
    held.close();
    this.#held.delete(portKey(held));
  }
}
