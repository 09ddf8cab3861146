/** The `Sockets` port of one supervisor's process: its holds on the machine's listening sockets. */
import type {
  Placeholder,
  PlaceholderAddress,
  SocketAddress,
  Sockets,
} from "../../platform/ports/sockets.js";
import type { Kernel } from "./kernel.js";
import type { ListeningSocket } from "./listening-socket.js";
import type { Stage } from "./stage.js";

/** From the kernel's queue to the process that waits for it, ms. */
const noticeMs = 0.05;

export class SimulatedPlaceholder implements Placeholder {
  readonly descriptor = 0;
  readonly address: number;
  readonly port: number;
  readonly protocol: PlaceholderAddress["protocol"];
  readonly mapped: number;
  readonly recovered: boolean;
  readonly socket: ListeningSocket;
  readonly #stage: Stage;
  #watch = 0;

  constructor(
    at: PlaceholderAddress,
    held: { readonly socket: ListeningSocket; readonly wasThere: boolean },
    stage: Stage,
  ) {
    this.address = at.address;
    this.port = at.port;
    this.protocol = at.protocol;
    this.mapped = at.port;
    this.socket = held.socket;
    this.recovered = held.wasThere;
    this.#stage = stage;
  }

  arm(onWaiting: () => void): void {
    if (this.#stage.ended) return;
    this.#watch += 1;
    const watch = this.#watch;
    this.socket.arm(() =>
      this.#stage.after(noticeMs, () => {
        if (this.#watch === watch) onWaiting();
      }),
    );
  }

  disarm(): void {
    if (this.#stage.ended) return;
    this.#watch += 1;
    this.socket.disarm();
  }

  waiting(): readonly SocketAddress[] {
    return this.socket.waiting();
  }

  /** Options are not modelled. */
  restore(): void {
    this.admit(true);
  }

  admit(open: boolean): void {
    if (!this.#stage.ended) this.socket.admit(open);
  }

  resetQueue(): void {
    if (!this.#stage.ended) this.socket.resetQueue();
  }

  close(): void {
    if (!this.#stage.ended && this.socket.guest === null) this.socket.end();
  }

  end(): void {
    if (!this.#stage.ended) this.socket.end();
  }
}

export class SimulatedSockets implements Sockets {
  readonly #kernel: Kernel;
  readonly #stage: Stage;

  constructor(kernel: Kernel, stage: Stage) {
    this.#kernel = kernel;
    this.#stage = stage;
  }

  open(at: PlaceholderAddress): Placeholder {
    const held = this.#kernel.listen(at.address, at.port);
    if (held.wasThere) held.socket.admit(true);
    return new SimulatedPlaceholder(at, held, this.#stage);
  }

  openDeclared(at: PlaceholderAddress): Placeholder {
    return this.open(at);
  }
}
