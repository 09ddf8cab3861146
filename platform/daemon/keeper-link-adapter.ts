/** The daemon's end of the link to its keeper: packets of `shim/src/custody.h`. */
import type { Addon } from "../../shim/index.js";
import type { Log } from "../ports/log.js";
import {
  type CustodyMessage,
  type CustodyOrder,
  decodeMessage,
  encodeMessages,
} from "./custody-message.js";

export interface KeeperLinkHandler {
  /** The descriptor that came along is the handler's from here on. */
  message(message: CustodyMessage, descriptor: number | null): void;
  /** The keeper is gone. Called once, and nothing after it. */
  ended(): void;
}

/** The queue is full, or too many descriptors are on their way on this machine. */
const crowdedCodes = new Set(["EAGAIN", "ETOOMANYREFS", "ENOBUFS", "ENOMEM"]);
/** Its end is about to be read. */
const goneCodes = new Set(["EPIPE", "ECONNRESET"]);

export class KeeperLink {
  readonly #addon: Addon;
  readonly #log: Log;
  readonly #handler: KeeperLinkHandler;
  /** null: closed. */
  #descriptor: number | null;

  constructor(addon: Addon, log: Log, descriptor: number, handler: KeeperLinkHandler) {
    this.#addon = addon;
    this.#log = log;
    this.#handler = handler;
    this.#descriptor = descriptor;
    addon.watch(descriptor, () => this.#receive());
  }

  /**
   * At most `batchMax` orders, all or none: false where the queue is full, try again soon. What a
   * dead keeper is told is lost.
   */
  send(orders: readonly CustodyOrder[]): boolean {
    if (this.#descriptor === null) return true;
    const attached = orders.flatMap(({ descriptor }) => (descriptor === null ? [] : [descriptor]));
    try {
      this.#addon.sendPacket(this.#descriptor, encodeMessages(orders), attached);
      return true;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (crowdedCodes.has(code)) return false;
      if (goneCodes.has(code)) return true;
      throw error;
    }
  }

  close(): void {
    if (this.#descriptor === null) return;
    this.#addon.close(this.#descriptor);
    this.#descriptor = null;
  }

  #receive(): void {
    while (this.#descriptor !== null) {
      const received = this.#addon.receivePacket(this.#descriptor);
      if (received === null) {
        this.#addon.rearm(this.#descriptor);
        return;
      }
      if (received === "end") {
        this.close();
        this.#handler.ended();
        return;
      }
      const message = decodeMessage(received.data);
      const [descriptor = null, ...others] = received.descriptors;
      for (const stray of others) this.#addon.close(stray);
      if (message !== null) this.#handler.message(message, descriptor);
      else this.#refuse(descriptor);
    }
  }

  #refuse(descriptor: number | null): void {
    this.#log.warn({}, "the keeper says what is no message");
    if (descriptor !== null) this.#addon.close(descriptor);
  }
}
