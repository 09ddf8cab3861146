/**
 * Keeps a running client known to the node's supervisor, whichever that is at the time: when one
 * hangs up, the next is told, with the same control end and for the same address. What the program
 * asks meanwhile waits in that control end, which is closed when no supervisor will come: waiting
 * connects fail then instead of hanging.
 */
import type { Addon } from "../../shim/index.js";
import type { EnvironmentMessage } from "../protocol/environment.js";
import { type AbsenceLimits, NodeAbsence } from "./node-absence.js";
import { decodeAnswer } from "./node-answer.js";

export type ClientResumed = Extract<EnvironmentMessage, { type: "client.resumed" }>;

export interface PresenceParts {
  readonly addon: Addon;
  readonly nodeSocket: string;
  readonly message: ClientResumed;
  /** The supervisor's control end; owned by the presence from now on. */
  readonly control: number;
  readonly limits?: AbsenceLimits;
}

export class NodePresence {
  readonly #parts: PresenceParts;
  readonly #absence: NodeAbsence;
  #node: number | null;
  #control: number | null;
  #timer: NodeJS.Timeout | null = null;

  /** `node`: the connection on which the client was accepted; owned too. */
  constructor(node: number, parts: PresenceParts) {
    this.#parts = parts;
    this.#absence = new NodeAbsence(parts.limits);
    this.#node = node;
    this.#control = parts.control;
    this.#watch(node);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#hangUp();
    if (this.#control !== null) this.#parts.addon.close(this.#control);
    this.#control = null;
  }

  #watch(node: number): void {
    this.#parts.addon.watch(node, () => {
      if (this.#node === node) this.#receive(node);
    });
  }

  #receive(node: number): void {
    const { addon } = this.#parts;
    try {
      const received = addon.receivePacket(node);
      if (received === null) {
        addon.rearm(node);
        return;
      }
      if (received !== "end") {
        for (const descriptor of received.descriptors) addon.close(descriptor);
        if (decodeAnswer(received.data)?.type === "client.refused") this.close();
        else this.#answered(node);
        return;
      }
    } catch {
      // ECONNRESET: the same end, with something of ours unread.
    }
    this.#hangUp();
    this.#seek();
  }

  #answered(node: number): void {
    this.#absence.over();
    this.#parts.addon.rearm(node);
  }

  #hangUp(): void {
    if (this.#node !== null) this.#parts.addon.close(this.#node);
    this.#node = null;
  }

  #seek(): void {
    this.#timer = null;
    const { addon, nodeSocket, message } = this.#parts;
    if (this.#control === null) return;
    try {
      this.#node = addon.connectPackets(nodeSocket);
      addon.sendPacket(this.#node, Buffer.from(JSON.stringify(message)), [this.#control]);
      this.#watch(this.#node);
    } catch (error) {
      this.#hangUp();
      const pauseMs = this.#absence.pauseAfter(error);
      if (pauseMs === null) this.close();
      else this.#timer = setTimeout(() => this.#seek(), pauseMs);
    }
  }
}
