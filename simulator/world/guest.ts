/**
 * A guest of a host: a server that listens on one port, answers requests after a while, and asks
 * other hosts for some of its answers. It dies, refuses to boot or exits as the plan says.
 */
import type { Transferable } from "../../platform/ports/sockets.js";
import type { ControlReply, ControlRequest } from "../../platform/protocol/control.js";
import type { FaultPlan, Odds } from "./fault-plan.js";
import type { Generator } from "./generator.js";
import type { Kernel } from "./kernel.js";
import type { Answer } from "./link.js";
import type { ListeningGuest, ListeningSocket } from "./listening-socket.js";
import type { Stage } from "./stage.js";
import type { Stream, StreamServer } from "./stream.js";

export interface GuestWorld {
  readonly host: string;
  readonly incarnation: number;
  readonly address: number;
  readonly port: number;
  readonly runtimePid: number;
  readonly pid: number;
  readonly stage: Stage;
  readonly machine: Kernel;
  readonly generator: Generator;
  readonly faults: FaultPlan;
  ask(request: ControlRequest, answered: Answer): void;
  /** The listening socket behind what was handed over. */
  socketOf(hand: Transferable): ListeningSocket;
  /** Whether the life may serve at this moment: looked at by each accept. */
  isGateOpen(): boolean;
  /** Asks another host, and goes on when that has ended one way or the other. */
  callOn(done: () => void): void;
  readonly accepted: (guest: Guest, stream: Stream) => void;
  readonly listens: (guest: Guest) => void;
  readonly onEnd: (code: number | null, signal: string | null) => void;
}

const odds: Odds = {
  "guest exits before it listens": 0.02,
  "guest never listens": 0.008,
  "guest boots slowly": 0.02,
  "guest crashes later": 0.03,
  "guest exits later": 0.02,
  "guest ignores SIGTERM": 0.05,
};

/** What takes longer than any `inFlightMaxMs`, with whom it asks in turn, may be slept over. */
const calmWorkMs = 8_000;

export class Guest implements ListeningGuest, StreamServer {
  readonly world: GuestWorld;
  readonly #streams = new Set<Stream>();
  readonly #busy = new Set<Stream>();
  readonly #ends = new Set<() => void>();
  #socket: ListeningSocket | null = null;
  #isAlive = true;
  #isListening = false;
  #isAccepting = false;
  readonly #ignoresTerm: boolean;

  constructor(world: GuestWorld) {
    this.world = world;
    const decision = world.faults.decide(`guest/${world.host}`, odds);
    const kind = decision?.kind ?? null;
    const size = decision?.size ?? 0;
    this.#ignoresTerm = kind === "guest ignores SIGTERM";
    const { generator } = world;
    let bootMs = generator.skewed(5, 900);
    if (kind === "guest boots slowly") bootMs = 5_000 + size * 40_000;
    this.#later(bootMs, () => {
      if (kind === "guest exits before it listens") this.end(size < 0.3 ? 0 : 1, null);
      else if (kind !== "guest never listens") this.#bind();
    });
    const lateMs = bootMs + size ** 2 * 60_000;
    if (kind === "guest crashes later") this.#later(lateMs, () => this.end(null, "SIGSEGV"));
    if (kind === "guest exits later") this.#later(lateMs, () => this.end(0, null));
  }

  get runtimePid(): number {
    return this.world.runtimePid;
  }

  get pid(): number {
    return this.world.pid;
  }

  get alive(): boolean {
    return this.#isAlive;
  }

  get listening(): boolean {
    return this.#isAlive && this.#isListening;
  }

  /** Open connections whose client spoke last. */
  get streams(): ReadonlySet<Stream> {
    return this.#streams;
  }

  /** Calls back when it has ended; the result ends that. */
  onEnd(callback: () => void): () => void {
    this.#ends.add(callback);
    return () => this.#ends.delete(callback);
  }

  /** SIGTERM, and SIGKILL after the grace. */
  terminate(graceMs: number): void {
    if (graceMs === 0) {
      this.end(null, "SIGKILL");
      return;
    }
    this.#later(graceMs, () => this.end(null, "SIGKILL"));
    if (this.#ignoresTerm) return;
    // Who still waits in the queue is the next life's.
    this.#isListening = false;
    this.#later(Math.min(graceMs, this.world.generator.skewed(1, 200)), () => this.end(0, null));
  }

  /** Nothing of it runs any more. */
  end(code: number | null, signal: string | null): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#socket?.leave(this);
    for (const stream of [...this.#streams]) stream.reset();
    this.#streams.clear();
    for (const callback of [...this.#ends]) callback();
    this.world.onEnd(code, signal);
  }

  arrived(): void {
    if (this.#isAccepting || !this.#isListening) return;
    this.#isAccepting = true;
    this.#later(0.05, () => this.#acceptAll());
  }

  data(stream: Stream): void {
    if (this.#busy.has(stream)) return;
    this.#busy.add(stream);
    this.#later(0.05, () => {
      stream.read();
      this.#serve(stream);
    });
  }

  ended(stream: Stream): void {
    this.#streams.delete(stream);
    this.#busy.delete(stream);
  }

  #acceptAll(): void {
    this.#isAccepting = false;
    const socket = this.#socket;
    if (socket === null || !this.#isListening) return;
    if (!this.world.isGateOpen()) {
      if (socket.queued.length > 0) this.#later(50, () => this.arrived());
      return;
    }
    for (let stream = socket.shift(); stream !== null; stream = socket.shift()) {
      if (stream.state !== "queued") continue;
      stream.accept(this);
      this.#streams.add(stream);
      this.world.accepted(this, stream);
      if (stream.unread > 0) this.data(stream);
    }
  }

  #serve(stream: Stream): void {
    const { generator, faults } = this.world;
    const isLong = generator.chance(0.03);
    const longestMs = faults.healed ? calmWorkMs : 20_000;
    const workMs = isLong ? generator.between(1_000, longestMs) : generator.skewed(0.3, 120);
    this.#later(workMs, () => {
      if (generator.chance(0.15)) this.world.callOn(() => this.#answer(stream));
      else this.#answer(stream);
    });
  }

  #answer(stream: Stream): void {
    if (!this.#isAlive || stream.state !== "accepted") return;
    stream.answer();
    this.#busy.delete(stream);
    if (stream.unread > 0) this.data(stream);
  }

  #bind(): void {
    this.#ask("bind", (reply, hand) => {
      if (!this.#isAlive) return;
      if (reply.error !== 0 || hand === undefined) {
        this.end(98, null);
        return;
      }
      this.#socket = this.world.socketOf(hand);
      this.#socket.join(this);
      this.#later(0.2, () => this.#listen());
    });
  }

  #listen(): void {
    this.#isListening = true;
    this.world.listens(this);
    this.#ask("listen", () => undefined);
    this.arrived();
  }

  #ask(type: "bind" | "listen", answered: (reply: ControlReply, hand?: Transferable) => void) {
    const { address, port, pid } = this.world;
    const flags = { nonblocking: false, ipv6: false, reusePort: false, handedOver: true };
    this.world.ask({ type, ...flags, address, port, protocol: "tcp", pid }, answered);
  }

  #later(delayMs: number, act: () => void): void {
    this.world.stage.after(delayMs, () => {
      if (this.#isAlive) act();
    });
  }
}
