/** The placeholders of one host: one a declared port, and those that connects asked for. */
import type { Placeholder } from "../ports/sockets.js";
import type { ControlRequest } from "../protocol/control.js";
import { HeldPort, type PortWorld } from "./held-port.js";

/** A port scan must not exhaust the node's descriptors. */
const undeclaredMax = 16;

export class PlaceholderSet {
  readonly #held = new Map<number, HeldPort>();
  readonly #world: PortWorld;
  #watching = true;

  constructor(world: PortWorld) {
    this.#world = world;
  }

  /** Opens what is new and closes what is no longer declared. */
  declare(ports: readonly number[]): void {
    for (const port of ports) {
      const held = this.#held.get(port);
      if (held === undefined) this.#open(port, true);
      else held.declared = true;
    }
    for (const [port, held] of this.#held) {
      if (held.declared && !ports.includes(port)) this.#drop(held);
    }
  }

  /** What is really bound for a declared port. */
  mapped(port: number): number {
    return this.#held.get(port)?.mapped ?? port;
  }

  /** Does the guest listen there? Ports that are not held here are the kernel's to tell. */
  listening(port: number): boolean {
    const held = this.#held.get(port);
    return held === undefined || held.closed || held.listening;
  }

  /** Each declared port is listened on, or refuses: nothing waits there for the guest. */
  get complete(): boolean {
    return [...this.#held.values()].every((held) => held.closed || held.listening);
  }

  /** A guest of a life that goes on has the sockets. */
  adopt(): void {
    this.unwatch();
    for (const held of this.#held.values()) held.adopt();
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
  handOver({ port, pid, reusePort }: ControlRequest): Placeholder | "native" | "in-use" {
    return this.#held.get(port)?.handOver(pid, reusePort) ?? "native";
  }

  noteListening({ port, pid, handedOver }: ControlRequest): void {
    this.#held.get(port)?.noteListening(pid, handedOver);
  }

  /** The guest closed its listener: the next bind is handed the same socket again. */
  noteClosed({ port, pid }: ControlRequest): void {
    this.#held.get(port)?.noteClosed(pid);
  }

  /** Ports that only a connect asked for, and that the guest did not open. */
  closeUnclaimed(): void {
    for (const held of this.#held.values()) {
      if (!held.declared && !held.handedOver) this.#drop(held);
    }
  }

  resetQueues(): void {
    for (const held of this.#held.values()) held.resetQueue();
  }

  close(): void {
    for (const held of this.#held.values()) this.#drop(held);
  }

  #open(port: number, declared: boolean): void {
    const held = new HeldPort(port, declared, this.#world);
    this.#held.set(port, held);
    if (this.#watching && declared) held.arm();
  }

  #drop(held: HeldPort): void {
    held.close();
    this.#held.delete(held.port);
  }
}
