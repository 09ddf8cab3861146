/**
 * The connection to the node's supervisor: one JSON document a packet. What arrives is handed out
 * in order; `closed` comes last and once.
 */
import {
  type EnvironmentMessage,
  type SupervisorMessage,
  supervisorMessage,
} from "../platform/protocol/environment.js";
import type { Addon } from "../shim/index.js";
import { codeOf, report } from "./report.js";

export interface NodeLinkHandler {
  message(message: SupervisorMessage): void;
  /** The supervisor is gone. */
  closed(): void;
}

interface Packet {
  readonly data: Buffer;
  readonly descriptors: readonly number[];
}

const sendPauseMs = 5;

export class NodeLink {
  readonly #addon: Addon;
  readonly #descriptor: number;
  readonly #unsent: Packet[] = [];
  #handler: NodeLinkHandler | null = null;
  #open = true;
  #retry: NodeJS.Timeout | null = null;
  #onSent: (() => void) | null = null;

  constructor(addon: Addon, descriptor: number) {
    this.#addon = addon;
    this.#descriptor = descriptor;
  }

  listen(handler: NodeLinkHandler): void {
    this.#handler = handler;
    this.#addon.watch(this.#descriptor, () => this.#receive());
  }

  send(message: EnvironmentMessage, descriptors: readonly number[] = []): void {
    this.#unsent.push({ data: Buffer.from(JSON.stringify(message)), descriptors });
    if (this.#retry === null) this.#flush();
  }

  /** When all that was sent is in the supervisor's queue, or can never be. */
  async sent(): Promise<void> {
    if (this.#unsent.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#onSent = resolve;
    });
  }

  /** Packets already sent reach the supervisor; nothing more is handed out. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forgetUnsent();
    if (this.#handler !== null) this.#addon.unwatch(this.#descriptor);
    this.#addon.close(this.#descriptor);
  }

  #flush(): void {
    this.#retry = null;
    for (let packet = this.#unsent[0]; packet !== undefined; packet = this.#unsent[0]) {
      try {
        if (this.#open) this.#addon.sendPacket(this.#descriptor, packet.data, packet.descriptors);
      } catch (error) {
        if (codeOf(error) === "EAGAIN") {
          this.#retry = setTimeout(() => this.#flush(), sendPauseMs);
          return;
        }
        // The supervisor is gone: the watch reports it, after what it still had to say.
        report("message lost", { code: codeOf(error) });
      }
      this.#unsent.shift();
    }
    this.#onSent?.();
  }

  #receive(): void {
    while (this.#open) {
      const received = this.#next();
      if (received === null) {
        this.#addon.rearm(this.#descriptor);
        return;
      }
      if (received === "end") {
        this.close();
        this.#handler?.closed();
        return;
      }
      for (const descriptor of received.descriptors) this.#addon.close(descriptor);
      const message = parseMessage(received.data);
      if (message !== null) this.#handler?.message(message);
    }
  }

  #next(): Packet | null | "end" {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        return this.#addon.receivePacket(this.#descriptor);
      } catch (error) {
        report("node socket failed", { code: codeOf(error) });
        // It closed with our packets unread: told once, and what it had said is still there.
        if (codeOf(error) !== "ECONNRESET") break;
      }
    }
    return "end";
  }

  #forgetUnsent(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#unsent.length = 0;
    this.#onSent?.();
  }
}

function parseMessage(data: Buffer): SupervisorMessage | null {
  try {
    const parsed = supervisorMessage.safeParse(JSON.parse(data.toString()));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  report("supervisor said something unknown", { bytes: data.length });
  return null;
}
