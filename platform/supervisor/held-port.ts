/**
 * One port of a host: its placeholder, and whether a guest has it.
 *
 *   resting ──bind──▶ handed over ──listen──▶ listening
 *      ▲                   │ nobody has it any more  │
 *      │                   ▼                         │
 *      └──── bind ──── let go ◀──────────────────────┘
 *                        │ the host serves on for a while without it
 *                        ▼
 *                      closed: connects are refused, until a bind or the next life
 */
import type { ListenPort } from "../manifest/manifest.js";
import type { TimerHandle } from "../ports/clock.js";
import type { Placeholder, SocketAddress } from "../ports/sockets.js";
import type { PortWorld } from "./port-world.js";

/** A guest that ends this soon after it closed its listener was on its way out. */
const farewellMs = 1_000;
/** When a port that could not be opened is tried again. */
const retryMs = 1_000;

export class HeldPort implements ListenPort {
  readonly port: number;
  readonly protocol: ListenPort["protocol"];
  declared: boolean;
  readonly #world: PortWorld;
  #placeholder: Placeholder | null;
  #mapped: number;
  /** While the host serves: a port that nobody has is closed after some time. */
  #serving = false;
  #watching = false;
  #handedOver = false;
  #listening = false;
  /** Held only until the guest that has the port itself is gone. */
  #isStandIn = false;
  /** The binder had SO_REUSEPORT set: more binds like it are handed the same socket; of UDP they
   * are bound beside it, each perhaps connected to a peer of its own. */
  #sharesPort = false;
  #timer: TimerHandle | null = null;
  #endWatch: (() => void) | null = null;

  /** Throws what `Sockets` throws. */
  constructor({ port, protocol }: ListenPort, declared: boolean, world: PortWorld) {
    this.port = port;
    this.protocol = protocol;
    this.declared = declared;
    this.#world = world;
    this.#placeholder = this.#open();
    this.#mapped = this.#placeholder.mapped;
  }

  /** What is really bound, or was before it was closed. */
  get mapped(): number {
    return this.#mapped;
  }

  /**
   * After a crash that took the keeper along, something else has the port: a guest that serves on,
   * most likely, with a socket that nobody can hand to the next one.
   */
  get lost(): boolean {
    return this.#placeholder?.recovered === false && this.#mapped !== this.port;
  }

  get closed(): boolean {
    return this.#placeholder === null;
  }

  get handedOver(): boolean {
    return this.#handedOver;
  }

  get listening(): boolean {
    return this.#listening;
  }

  /** A life that an earlier supervisor knew may have it. */
  adopt(): void {
    this.disarm();
    this.#handedOver = true;
    this.#isStandIn = this.lost;
  }

  /** Adopted: who has it is asked as soon as it is known which processes are the guest's. */
  meet(): void {
    if (this.#handedOver && this.#endWatch === null) this.#listening = this.#verify(0);
  }

  /** The host is there. A port that its guest does not open within this time is closed. */
  serve(unboundMs: number): void {
    this.disarm();
    if (this.#serving) return;
    this.#serving = true;
    // Of a life that sleeps its guest is not met before.
    this.meet();
    if (!this.#handedOver) this.#closeLater(unboundMs);
  }

  /** The host is ending: whatever is closed from here on is closed on the way out. */
  leave(): void {
    this.#serving = false;
    this.#clearTimer();
  }

  /** The host is not there: baseline options, and any connection is a signal. */
  rest(): void {
    this.leave();
    this.#forgetHolder();
    this.#handedOver = false;
    this.#listening = false;
    if (this.#isStandIn) {
      this.#placeholder?.end();
      this.#placeholder = null;
      this.#isStandIn = false;
    }
    try {
      this.#reopen().restore();
      // Anew: what waits already is a signal, too.
      this.disarm();
      this.arm();
    } catch (error) {
      this.#world.ports.log.warn({ port: this.port, error }, "a port is not held; trying again");
      this.#later(retryMs, () => this.rest());
    }
    this.#world.onChange();
  }

  arm(): void {
    this.#watching = true;
    this.#placeholder?.arm(() => this.#world.onWaiting(this, this.waiting));
  }

  /** Who is first in the queue. */
  get waiting(): SocketAddress | null {
    return this.#placeholder?.waiting()[0] ?? null;
  }

  disarm(): void {
    this.#watching = false;
    this.#placeholder?.disarm();
  }

  /** Whether connections come into the queue, or wait before it; also what a guest listens on. */
  admit(open: boolean): void {
    this.#placeholder?.admit(open);
  }

  resetQueue(): void {
    this.#placeholder?.resetQueue();
    if (this.#watching) this.arm();
  }

  /** What a bind of process `pid` is answered with. */
  handOver(pid: number, sharesPort: boolean): Placeholder | "native" | "in-use" {
    const sharing = sharesPort && this.#sharesPort;
    if (this.#handedOver && !(sharing && this.protocol === "tcp")) {
      // Whoever had it may have ended without a word.
      if (!this.#listening || this.#verify(0)) return sharing ? "native" : "in-use";
    }
    this.#clearTimer();
    let placeholder: Placeholder;
    try {
      placeholder = this.#reopen();
    } catch (error) {
      this.#world.ports.log.warn({ port: this.port, error }, "a port cannot be held again");
      return "native";
    }
    this.disarm();
    this.#sharesPort = sharesPort;
    if (!this.#handedOver) this.#watchHolder(pid);
    this.#handedOver = true;
    this.#world.onChange();
    return placeholder;
  }

  noteListening(pid: number, handedOver: boolean): void {
    this.#listening = true;
    if (handedOver) {
      this.#clearTimer();
      this.#handedOver = true;
      this.#verify(pid);
    }
    this.#world.onChange();
  }

  /** Its last holder closed it, as far as that process could see. */
  noteClosed(pid: number): void {
    if (this.#handedOver) this.#verify(pid);
  }

  /** For good. */
  close(): void {
    this.leave();
    this.#forgetHolder();
    this.disarm();
    // A guest that serves on keeps what it has.
    if (this.#handedOver) this.#placeholder?.close();
    else this.#placeholder?.end();
    this.#placeholder = null;
  }

  /** Does a process of the guest have it? If so, its end will be noticed. */
  #verify(likely: number, absentMs = farewellMs): boolean {
    const holder = this.#holder(likely);
    if (holder !== null) {
      this.#watchHolder(holder);
      return true;
    }
    this.#forgetHolder();
    this.#handedOver = false;
    this.#listening = false;
    if (this.#serving) this.#closeLater(absentMs);
    this.#world.onChange();
    return false;
  }

  #holder(likely: number): number | null {
    const root = this.#world.rootPid();
    if (root === null || this.#placeholder === null) return null;
    return this.#world.ports.holders.find(this.#placeholder, root, likely);
  }

  #inhabited(): boolean {
    const root = this.#world.rootPid();
    return root !== null && this.#world.ports.holders.inhabited(root);
  }

  #watchHolder(pid: number): void {
    this.#forgetHolder();
    this.#endWatch = this.#world.ports.holders.onEnd(pid, () => {
      this.#endWatch = null;
      if (this.#handedOver) this.#verify(0);
    });
  }

  #forgetHolder(): void {
    this.#endWatch?.();
    this.#endWatch = null;
  }

  #closeLater(afterMs: number): void {
    this.#later(afterMs, () => {
      const holder = this.#holder(0);
      if (holder !== null) {
        this.#handedOver = true;
        this.#watchHolder(holder);
        return;
      }
      // Nobody lives on without it: the word that the life is over is still on its way.
      if (!this.#inhabited()) {
        this.#closeLater(farewellMs);
        return;
      }
      this.#placeholder?.end();
      this.#placeholder = null;
      this.#world.onChange();
    });
  }

  #later(afterMs: number, act: () => void): void {
    this.#clearTimer();
    this.#timer = this.#world.ports.clock.setTimeout(() => {
      this.#timer = null;
      act();
    }, afterMs);
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#world.ports.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #reopen(): Placeholder {
    if (this.#placeholder !== null) return this.#placeholder;
    const placeholder = this.#open();
    this.#placeholder = placeholder;
    if (placeholder.mapped === this.#mapped) return placeholder;
    this.#mapped = placeholder.mapped;
    this.#world.onMapped();
    return placeholder;
  }

  #open(): Placeholder {
    const at = { address: this.#world.address, port: this.port, protocol: this.protocol };
    const { sockets } = this.#world.ports;
    return this.declared ? sockets.openDeclared(at) : sockets.open(at);
  }
}
