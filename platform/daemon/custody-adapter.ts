/**
 * What the daemon has in the keeper's custody. The keeper is told the present state of each label
 * that changed, as fast as it takes it. Where it dies a new one is started and given everything
 * again; without any keeper all this holds nothing, and works all the same.
 */
import type { Addon } from "../../shim/index.js";
import type { Clock, TimerHandle } from "../ports/clock.js";
import type { Custody } from "../ports/custody.js";
import type { Log } from "../ports/log.js";
import {
  batchMax,
  type CustodyMessage,
  type CustodyOrder,
  type CustodyType,
} from "./custody-message.js";
import { KeeperLink } from "./keeper-link-adapter.js";

export interface CustodyOptions {
  readonly addon: Addon;
  readonly clock: Clock;
  readonly log: Log;
  /** Our end of the link to the keeper, the custody's from here on; null: there is no keeper. */
  readonly descriptor: number | null;
  /** How often the daemon has been started again. */
  readonly restarts: number;
  /**
   * Starts a keeper that adopts this process and inherits the other end of a fresh link. Resolves,
   * never rejects, when nothing of it is left.
   */
  readonly startKeeper: (descriptor: number) => Promise<void>;
}

const crowdedMs = 2;
const backOffFirstMs = 50;
const backOffMaxMs = 5000;
/** A keeper that dies before has not come up. */
const youngMs = 10_000;
const quitMsMax = 2000;

export class KeeperCustody implements Custody {
  readonly #options: CustodyOptions;
  #link: KeeperLink | null = null;
  /** Everything that is, or is to be, in custody: label → our own descriptor. */
  readonly #held = new Map<string, number>();
  /** The part of it that an earlier daemon kept and nobody has asked for. */
  readonly #unclaimed = new Map<string, number>();
  /** Labels whose present state the keeper has not been told. */
  readonly #stale = new Set<string>();
  /** What it is told after that. */
  readonly #words: CustodyType[] = [];
  /** Another turn of telling, or another keeper. */
  #timer: TimerHandle | null = null;
  #tellsSoon = false;
  #startsAgain: boolean;
  #quitting = false;
  #linkedMs = 0;
  /** The keeper that we started; it is our child. */
  #reaped: Promise<void> = Promise.resolve();
  #youngDeaths = 0;
  #onListed: () => void = () => undefined;
  #onEnded: () => unknown = () => undefined;
  #onFlushed: (() => void)[] = [];

  private constructor(options: CustodyOptions) {
    this.#options = options;
    this.#startsAgain = options.restarts > 0;
  }

  /** Resolves when everything that an earlier daemon kept is here. */
  static async connect(options: CustodyOptions): Promise<KeeperCustody> {
    const custody = new KeeperCustody(options);
    const { descriptor } = options;
    if (descriptor === null) return custody;
    await new Promise<void>((resolve) => {
      custody.#onListed = resolve;
      custody.#connectTo(descriptor);
      custody.#say("list");
    });
    return custody;
  }

  /** The keeper starts the daemon again if it ends now, without `quit`. */
  get startsAgain(): boolean {
    return this.#options.descriptor !== null && this.#startsAgain;
  }

  recovered(label: string): number | null {
    const descriptor = this.#unclaimed.get(label) ?? null;
    this.#unclaimed.delete(label);
    return descriptor;
  }

  keep(label: string, descriptor: number): void {
    if (this.#options.descriptor === null || this.#held.get(label) === descriptor) return;
    this.#held.set(label, descriptor);
    this.#changed(label);
  }

  drop(label: string): void {
    if (this.#held.delete(label)) this.#changed(label);
  }

  /** Gives up what nobody has asked for. */
  closeUnclaimed(): void {
    for (const [label, descriptor] of this.#unclaimed) {
      this.#options.log.warn({ label }, "nobody needs what was kept");
      this.drop(label);
      this.#options.addon.close(descriptor);
    }
    this.#unclaimed.clear();
  }

  /** The daemon serves: from here on it is started again whenever it ends. */
  ready(): void {
    this.#startsAgain = true;
    this.#say("ready");
  }

  /** Resolves when a keeper has been given everything. */
  flushed(): Promise<void> {
    if (this.#stale.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onFlushed.push(resolve));
  }

  /** The daemon ends for good. Resolves when the keeper has ended, with all that it held. */
  async quit(): Promise<void> {
    const { clock } = this.#options;
    this.#quitting = true;
    this.#stale.clear();
    for (const resolve of this.#onFlushed.splice(0)) resolve();
    this.#stopWaiting();
    if (this.#link === null) return;
    await new Promise<void>((resolve) => {
      const deadline = clock.setTimeout(resolve, quitMsMax);
      this.#onEnded = async () => {
        await this.#reaped;
        clock.clearTimeout(deadline);
        resolve();
      };
      this.#say("quit");
    });
    this.#stopWaiting();
    this.#link?.close();
    this.#link = null;
  }

  #connectTo(descriptor: number): void {
    const { addon, log, clock } = this.#options;
    this.#linkedMs = clock.monotonicMs();
    this.#link = new KeeperLink(addon, log, descriptor, {
      message: (message, attached) => this.#received(message, attached),
      ended: () => this.#lost(),
    });
  }

  #received({ type, label }: CustodyMessage, descriptor: number | null): void {
    if (type === "kept" && descriptor !== null) {
      this.#held.set(label, descriptor);
      this.#unclaimed.set(label, descriptor);
      return;
    }
    if (descriptor !== null) this.#options.addon.close(descriptor);
    if (type === "end") this.#onListed();
  }

  #say(word: CustodyType): void {
    this.#words.push(word);
    this.#tell();
  }

  /** A packet costs as much as sixty of its orders: what changes in one go is told together. */
  #changed(label: string): void {
    this.#stale.add(label);
    if (this.#stale.size >= batchMax) {
      this.#tell();
    } else if (!this.#tellsSoon) {
      this.#tellsSoon = true;
      queueMicrotask(() => {
        this.#tellsSoon = false;
        this.#tell();
      });
    }
  }

  #tell(): void {
    if (this.#link === null || this.#timer !== null) return;
    if (this.#tellAll(this.#link)) return;
    this.#wait(crowdedMs, () => this.#tell());
  }

  /** false: the link is full. */
  #tellAll(link: KeeperLink): boolean {
    while (this.#stale.size > 0) {
      const orders = this.#nextOrders();
      if (!link.send(orders)) return false;
      for (const { label } of orders) this.#stale.delete(label);
    }
    for (const resolve of this.#onFlushed.splice(0)) resolve();
    for (let [word] = this.#words; word !== undefined; [word] = this.#words) {
      if (!link.send([{ type: word, label: "", descriptor: null }])) return false;
      this.#words.shift();
    }
    return true;
  }

  #nextOrders(): readonly CustodyOrder[] {
    const orders: CustodyOrder[] = [];
    for (const label of this.#stale) {
      const descriptor = this.#held.get(label) ?? null;
      orders.push({ type: descriptor === null ? "drop" : "keep", label, descriptor });
      if (orders.length === batchMax) break;
    }
    return orders;
  }

  /** The keeper is gone: all that it held is told to the next one. */
  #lost(): void {
    const { clock, log } = this.#options;
    this.#link = null;
    this.#stopWaiting();
    this.#words.length = 0;
    this.#onListed();
    this.#onEnded();
    if (this.#quitting) return;
    for (const label of this.#held.keys()) this.#stale.add(label);
    if (clock.monotonicMs() - this.#linkedMs >= youngMs) this.#youngDeaths = 0;
    const deaths = this.#youngDeaths++;
    const delayMs = deaths === 0 ? 0 : Math.min(backOffFirstMs * 2 ** (deaths - 1), backOffMaxMs);
    log.warn({ held: this.#held.size, delayMs }, "the keeper ended: another one is started");
    this.#wait(delayMs, () => this.#replace());
  }

  #replace(): void {
    const { addon, startKeeper } = this.#options;
    const [own, others] = addon.socketPair();
    this.#reaped = startKeeper(others);
    addon.close(others);
    this.#connectTo(own);
    if (this.#startsAgain) this.#words.push("ready");
    this.#tell();
  }

  #wait(delayMs: number, then: () => void): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = null;
      then();
    }, delayMs);
  }

  #stopWaiting(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
