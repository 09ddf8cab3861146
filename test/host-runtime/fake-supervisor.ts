/** A node's supervisor, as an environment sees it. */

import type { SupervisorMessage } from "../../platform/protocol/environment.js";
import {
  type EnvironmentMessage,
  environmentMessage,
} from "../../platform/protocol/environment.js";
import type { Addon } from "../../shim/index.js";
import { Mailbox } from "./mailbox.js";

export type Received = EnvironmentMessage | { readonly type: "closed" };

export class FakePeer {
  readonly received = new Mailbox<Received>("a message of the environment");
  /** Supervisor's control ends, in order of arrival. */
  readonly controls: number[] = [];
  readonly #addon: Addon;
  readonly #descriptor: number;
  #open = true;

  constructor(addon: Addon, descriptor: number) {
    this.#addon = addon;
    this.#descriptor = descriptor;
    addon.watch(descriptor, () => this.#receive());
  }

  send(message: SupervisorMessage): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#addon.sendPacket(this.#descriptor, Buffer.from(text));
  }

  /** The next message, which must be of this type. */
  async expect<T extends Received["type"]>(type: T): Promise<Extract<Received, { type: T }>> {
    const message = await this.received.next();
    if (!isOfType(message, type)) {
      throw new Error(`expected ${type}, received ${JSON.stringify(message)}`);
    }
    return message;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.unwatch(this.#descriptor);
    this.#addon.close(this.#descriptor);
    for (const control of this.controls.splice(0)) this.#addon.close(control);
  }

  #receive(): void {
    while (this.#open) {
      const packet = this.#addon.receivePacket(this.#descriptor);
      if (packet === null) {
        this.#addon.rearm(this.#descriptor);
        return;
      }
      if (packet === "end") {
        this.received.push({ type: "closed" });
        this.close();
        return;
      }
      this.controls.push(...packet.descriptors);
      this.received.push(environmentMessage.parse(JSON.parse(packet.data.toString())));
    }
  }
}

export class FakeSupervisor {
  readonly peers = new Mailbox<FakePeer>("a connection of an environment");
  readonly #addon: Addon;
  readonly #listener: number;
  readonly #accepted: FakePeer[] = [];
  #open = true;

  constructor(addon: Addon, path: string) {
    this.#addon = addon;
    this.#listener = addon.listenPackets(path);
    addon.watch(this.#listener, () => this.#accept());
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.unwatch(this.#listener);
    this.#addon.close(this.#listener);
    for (const peer of this.#accepted) peer.close();
  }

  #accept(): void {
    for (;;) {
      const descriptor = this.#addon.acceptPackets(this.#listener);
      if (descriptor === null) break;
      const peer = new FakePeer(this.#addon, descriptor);
      this.#accepted.push(peer);
      this.peers.push(peer);
    }
    this.#addon.rearm(this.#listener);
  }
}

function isOfType<T extends Received["type"]>(
  message: Received,
  type: T,
): message is Extract<Received, { type: T }> {
  return message.type === type;
}
