/** Placeholders as real sockets, held by this process through the addon. */
import type { Addon, AddonError } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import { type Custody, noCustody } from "../ports/custody.js";
import type { Placeholder, PlaceholderAddress, Sockets } from "../ports/sockets.js";
import { formatAddress } from "./layout.js";

const waitingMax = 64;

export class SystemSockets implements Sockets {
  readonly #addon: Addon;
  readonly #custody: Custody;

  constructor(addon: Addon, custody: Custody = noCustody) {
    this.#addon = addon;
    this.#custody = custody;
  }

  open(at: PlaceholderAddress): Placeholder {
    try {
      return this.#hold(at, at.port);
    } catch (error) {
      throw explained(error, at);
    }
  }

  openDeclared(at: PlaceholderAddress): Placeholder {
    try {
      return this.open(at);
    } catch (error) {
      // Taken, or forbidden to this user: any port of the address, and the table tells which.
      if (!(error instanceof ImError)) throw error;
      return this.#hold(at, 0);
    }
  }

  /** What an earlier daemon held is taken as it is: a guest may be listening on it. */
  #hold(at: PlaceholderAddress, bound: number): Placeholder {
    const recovered = this.#custody.recovered(labelOf(at));
    const descriptor = recovered ?? this.#addon.openPlaceholder(at.address, bound);
    this.#custody.keep(labelOf(at), descriptor);
    return new SystemPlaceholder(this.#addon, this.#custody, at, descriptor);
  }
}

class SystemPlaceholder implements Placeholder {
  readonly address: number;
  readonly port: number;
  readonly mapped: number;
  readonly descriptor: number;
  readonly #addon: Addon;
  readonly #custody: Custody;
  #onWaiting: (() => void) | null = null;
  #watched = false;

  constructor(addon: Addon, custody: Custody, at: PlaceholderAddress, descriptor: number) {
    this.address = at.address;
    this.port = at.port;
    this.#addon = addon;
    this.#custody = custody;
    this.descriptor = descriptor;
    this.mapped = addon.localPort(this.descriptor);
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
    return this.#addon.waitingConnections(this.address, this.mapped, waitingMax);
  }

  restore(): void {
    this.#addon.restorePlaceholder(this.descriptor);
  }

  resetQueue(): void {
    this.#addon.resetQueue(this.descriptor);
  }

  close(): void {
    this.disarm();
    this.#custody.drop(labelOf(this));
    this.#addon.close(this.descriptor);
  }

  end(): void {
    this.#addon.endPlaceholder(this.descriptor);
    this.close();
  }

  /** One shot: whoever was called decides whether to arm again. */
  #fired(): void {
    const onWaiting = this.#onWaiting;
    this.#onWaiting = null;
    onWaiting?.();
  }
}

/** By the declared port: which one stands in for it can be read from the socket. */
function labelOf({ address, port }: PlaceholderAddress): string {
  return `placeholder ${formatAddress(address)}:${port}`;
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
