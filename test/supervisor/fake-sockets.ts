/** Placeholders that are plain objects. */
import type {
  Placeholder,
  PlaceholderAddress,
  SocketAddress,
  Sockets,
} from "../../platform/ports/sockets.js";

export class FakePlaceholder implements Placeholder {
  readonly descriptor = 0;
  armed: (() => void) | null = null;
  resets = 0;
  closed = false;
  readonly address: number;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly mapped: number;
  readonly recovered = false;
  constructor({ address, port, protocol }: PlaceholderAddress) {
    this.address = address;
    this.port = port;
    this.protocol = protocol;
    this.mapped = port;
  }
  arm(onWaiting: () => void): void {
    this.armed = onWaiting;
  }
  disarm(): void {
    this.armed = null;
  }
  queue: readonly SocketAddress[] = [];
  waiting(): readonly SocketAddress[] {
    return this.queue;
  }
  restore(): void {
    this.admits = true;
  }
  admits = true;
  admit(open: boolean): void {
    this.admits = open;
  }
  resetQueue(): void {
    this.resets += 1;
  }
  close(): void {
    this.closed = true;
  }
  end(): void {
    this.closed = true;
  }
  /** A connection arrives: the watch fires once, if somebody watches. */
  connect(): void {
    const fire = this.armed;
    this.armed = null;
    fire?.();
  }
}

export class FakeSockets implements Sockets {
  readonly opened: FakePlaceholder[] = [];
  open(at: PlaceholderAddress): FakePlaceholder {
    const placeholder = new FakePlaceholder(at);
    this.opened.push(placeholder);
    return placeholder;
  }
  openDeclared(at: PlaceholderAddress): FakePlaceholder {
    return this.open(at);
  }
}
