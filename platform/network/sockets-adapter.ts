/** Placeholders as real sockets, held by this process through the addon. */
import type { Addon, AddonError } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import { type Custody, noCustody } from "../ports/custody.js";
import type { Placeholder, PlaceholderAddress, SocketAddress, Sockets } from "../ports/sockets.js";
import { DatagramPlaceholder } from "./datagram-placeholder-adapter.js";
import { formatAddress, portKey } from "./layout.js";

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
    const label = labelOf(at);
    const addon = this.#addon;
    const custody = this.#custody;
    const udp = at.protocol === "udp";
    const recovered = custody.recovered(label);
    const open = udp ? addon.openDatagrams : addon.openPlaceholder;
    const descriptor = recovered ?? open(at.address, bound);
    custody.keep(label, descriptor);
    const isRecovered = recovered !== null;
    if (udp) {
      const held = { addon, custody, label, descriptor, recovered: isRecovered };
      return new DatagramPlaceholder(at, held);
    }
    return new SystemPlaceholder(addon, custody, at, descriptor, isRecovered);
  }
}

class SystemPlaceholder implements Placeholder {
  readonly protocol = "tcp";
  readonly address: number;
  readonly port: number;
  readonly mapped: number;
  readonly descriptor: number;
  readonly recovered: boolean;
  readonly #addon: Addon;
  readonly #custody: Custody;
  #onWaiting: (() => void) | null = null;
  #watched = false;

  constructor(
    addon: Addon,
    custody: Custody,
    at: PlaceholderAddress,
    descriptor: number,
    recovered: boolean,
  ) {
    this.recovered = recovered;
    this.address = at.address;
    this.port = at.port;
    this.#addon = addon;
    this.#custody = custody;
    this.descriptor = descriptor;
    this.mapped = addon.localPort(this.descriptor);
    // The host was being ended, perhaps, when an earlier daemon died.
    if (recovered) this.admit(true);
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

  waiting(): readonly SocketAddress[] {
    return this.#addon.waitingConnections(this.address, this.mapped, waitingMax);
  }

  restore(): void {
    this.#addon.restorePlaceholder(this.descriptor);
  }

  admit(open: boolean): void {
    this.#addon.admit(this.descriptor, open);
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
function labelOf({ address, port, protocol }: PlaceholderAddress): string {
  return `placeholder ${formatAddress(address)}:${portKey({ port, protocol })}`;
}

function explained(error: unknown, at: PlaceholderAddress): unknown {
  const place = `${formatAddress(at.address)}:${portKey(at)}`;
  const code = error instanceof Error && "code" in error ? (error as AddonError).code : null;
  if (code === "EADDRINUSE") {
    return new ImError("IM_PORT_TAKEN", {
      what: `port ${portKey(at)} cannot be held: a program of this machine listens on it`,
      expected: `${place} to be free`,
      received: "EADDRINUSE",
      cause: error,
    });
  }
  if (code === "EACCES") {
    return new ImError("IM_PORT_FORBIDDEN", {
      what: `port ${portKey(at)} may not be opened by this user`,
      expected: "a port from 1024 up, unless run as root",
      received: `${place}: EACCES`,
      cause: error,
    });
  }
  return error;
}
