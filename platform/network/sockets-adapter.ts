/** Placeholders as real sockets, held by this process through the addon. */
import type { Addon, AddonError } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import type { Placeholder, PlaceholderAddress, Sockets } from "../ports/sockets.js";
import { formatAddress } from "./layout.js";

const waitingMax = 64;

export class SystemSockets implements Sockets {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  open(at: PlaceholderAddress): Placeholder {
    try {
      return new SystemPlaceholder(this.#addon, at);
    } catch (error) {
      throw explained(error, at);
    }
  }
}

class SystemPlaceholder implements Placeholder {
  readonly address: number;
  readonly port: number;
  readonly descriptor: number;
  readonly #addon: Addon;
  #onWaiting: (() => void) | null = null;
  #watched = false;

  constructor(addon: Addon, at: PlaceholderAddress) {
    this.address = at.address;
    this.port = at.port;
    this.#addon = addon;
    this.descriptor = addon.openPlaceholder(at.address, at.port);
  }

  arm(onWaiting: () => void): void {
    this.#onWaiting = onWaiting;
    if (this.#watched) {
      this.#addon.rearm(this.descriptor);
      return;
    }
    this.#watched = true;
    this.#addon.watch(this.descriptor, () => this.#fired());
  }

  disarm(): void {
    this.#onWaiting = null;
    if (!this.#watched) return;
    this.#watched = false;
    this.#addon.unwatch(this.descriptor);
  }

  waiting(): readonly PlaceholderAddress[] {
    return this.#addon.waitingConnections(this.address, this.port, waitingMax);
  }

  restore(): void {
    this.#addon.restorePlaceholder(this.descriptor);
  }

  resetQueue(): void {
    this.#addon.resetQueue(this.descriptor);
  }

  close(): void {
    this.disarm();
    this.#addon.close(this.descriptor);
  }

  /** One shot: whoever was called decides whether to arm again. */
  #fired(): void {
    const onWaiting = this.#onWaiting;
    this.#onWaiting = null;
    onWaiting?.();
  }
}

function explained(error: unknown, at: PlaceholderAddress): unknown {
  const place = `${formatAddress(at.address)}:${at.port}`;
  const code = error instanceof Error && "code" in error ? (error as AddonError).code : null;
  if (code === "EADDRINUSE") {
    return new ImError("IM_PORT_TAKEN", {
      what: `port ${at.port} cannot be held: a program of this machine listens on it`,
      expected: `${place} to be free`,
      received: "EADDRINUSE",
      cause: error,
    });
  }
  if (code === "EACCES") {
    return new ImError("IM_PORT_FORBIDDEN", {
      what: `port ${at.port} may not be opened by this user`,
      expected: "a port from 1024 up, unless run as root",
      received: `${place}: EACCES`,
      cause: error,
    });
  }
  return error;
}
