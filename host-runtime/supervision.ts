/**
 * A life's bond to the supervisor of its node, whichever that is at the time. A supervisor that
 * hangs up is looked for again, on the same path, until `awayMsMax` have passed without one that
 * speaks: what a new one must know is repeated to it by `greet`.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { EnvironmentMessage, SupervisorMessage } from "../platform/protocol/environment.js";
import type { Addon } from "../shim/index.js";
import { NodeLink } from "./node-link.js";
import { codeOf, report } from "./report.js";

export interface Supervised {
  /** Says what every supervisor must hear first. */
  greet(link: NodeLink): void;
  message(message: SupervisorMessage): void;
  /** Nobody came for too long. Called at most once, and nothing is called afterwards. */
  lost(lastErrorCode: string | undefined): void;
}

const firstPauseMs = 20;
const pauseMsMax = 500;
const awayMsMax = 60_000;
/** A connection that stood so long was a supervisor's, though it may have had nothing to say. */
const standingMs = 1000;

export class Supervision {
  readonly #addon: Addon;
  readonly #path: string;
  readonly #supervised: Supervised;
  readonly #closing = new AbortController();
  readonly #awayMsMax: number;
  #link: NodeLink | null = null;
  /** Since when no supervisor has said a word; null: one has, and stands. */
  #awaySinceMs: number | null = performance.now();
  #connectedAtMs = 0;
  #pauseMs = 0;
  #wakeTold: () => void = () => undefined;

  constructor(addon: Addon, path: string, supervised: Supervised, awayMs = awayMsMax) {
    this.#addon = addon;
    this.#path = path;
    this.#supervised = supervised;
    this.#awayMsMax = awayMs;
  }

  start(): void {
    this.#seek().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) throw error;
    });
  }

  /** To the supervisor of now; one that comes later hears it from `greet`. */
  send(message: EnvironmentMessage): void {
    this.#link?.send(message);
  }

  /**
   * When a supervisor has all that was said in its queue, or there will be none any more. `stop`
   * ends the wait for one that is away, `lastWordsMs` that for one that does not read.
   */
  async told(lastWordsMs: number, stop: AbortSignal): Promise<void> {
    const wake = () => this.#wakeTold();
    stop.addEventListener("abort", wake);
    while (!this.#closing.signal.aborted) {
      const link = this.#link;
      if (link === null) {
        if (stop.aborted) break;
        await new Promise<void>((resolve) => {
          this.#wakeTold = resolve;
        });
        continue;
      }
      const giveUp = setTimeout(() => link.close(), lastWordsMs);
      await link.sent();
      clearTimeout(giveUp);
      // One that hung up in between left it unread.
      if (this.#link === link) break;
    }
    stop.removeEventListener("abort", wake);
  }

  /** What was sent before reaches the supervisor; nothing is called any more. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#link?.close();
    this.#link = null;
    this.#wakeTold();
  }

  async #seek(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.#pauseMs > 0) await delay(this.#pauseMs, undefined, { signal });
      this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, firstPauseMs), pauseMsMax);
      const code = this.#connect();
      if (code === null) return;
      this.#awaySinceMs ??= performance.now();
      if (performance.now() - this.#awaySinceMs < this.#awayMsMax) continue;
      this.close();
      this.#supervised.lost(code);
    }
  }

  /** null: connected, else why not. */
  #connect(): string | null {
    let descriptor: number;
    try {
      descriptor = this.#addon.connectPackets(this.#path);
    } catch (error) {
      return codeOf(error) ?? "unknown error";
    }
    const link = new NodeLink(this.#addon, descriptor);
    this.#link = link;
    this.#connectedAtMs = performance.now();
    link.listen({
      message: (message) => {
        this.#awaySinceMs = null;
        this.#pauseMs = firstPauseMs;
        this.#supervised.message(message);
      },
      closed: () => this.#hungUp(link),
    });
    this.#supervised.greet(link);
    this.#wakeTold();
    return null;
  }

  #hungUp(link: NodeLink): void {
    if (this.#link !== link) return;
    this.#link = null;
    const nowMs = performance.now();
    if (nowMs - this.#connectedAtMs > standingMs) this.#awaySinceMs = nowMs;
    else this.#awaySinceMs ??= nowMs;
    report("the supervisor hung up");
    this.start();
  }
}
