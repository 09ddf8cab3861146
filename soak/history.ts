/** What is known of the hosts' states: from events, and from `im status` where events were missed. */
import { setTimeout as pause } from "node:timers/promises";
import type { DaemonClient } from "../platform/daemon/client.js";
import type { LifecycleEvent } from "../platform/daemon/service.js";
import { ImError } from "../platform/errors/im-error.js";

interface Sight {
  readonly atMs: number;
  readonly state: string;
  readonly incarnation: number;
  readonly error: string | null;
}

/** Of an event's time against a client's. */
const toleranceMs = 1500;
const againMs = 250;
const deployment = "soak";

export class History {
  /** How often a host fell asleep, and how often one woke and served again. */
  sleeps = 0;
  wakes = 0;
  readonly events: LifecycleEvent[] = [];
  readonly #sights = new Map<string, Sight[]>();
  readonly #seen = new Set<string>();
  readonly #lastClaims = new Map<string, number>();

  constructor(
    readonly client: DaemonClient,
    readonly onWrong: (what: string) => void,
  ) {}

  /** Resolves when the signal says that it is enough; a daemon that is gone is waited for. */
  async follow(enough: AbortSignal): Promise<void> {
    while (!enough.aborted) {
      try {
        await this.#look();
        const options = { past: true, signal: enough };
        for await (const event of this.client.follow(deployment, options)) this.#take(event);
      } catch (error) {
        if (!(error instanceof ImError)) throw error;
      }
      await pause(againMs);
    }
  }

  /** The reason where the host was failed at any moment of these, else null. */
  failureOf(host: string, fromMs: number, toMs: number): string | null {
    let before: Sight | null = null;
    for (const sight of this.#sights.get(host) ?? []) {
      if (sight.atMs > toMs + toleranceMs) break;
      if (sight.atMs < fromMs - toleranceMs) before = sight;
      else if (sight.state === "failed") return sight.error ?? "unknown";
    }
    return before?.state === "failed" ? (before.error ?? "unknown") : null;
  }

  isBooting(host: string, atMs: number): boolean {
    const sights = this.#sights.get(host) ?? [];
    const isNear = (sight: Sight): boolean => Math.abs(sight.atMs - atMs) <= toleranceMs;
    const before = sights.findLast((sight) => sight.atMs <= atMs);
    return [...sights.filter(isNear), before].some((sight) => sight?.state === "allocating");
  }

  /** No newer life is known to have begun between the two moments. */
  isSameLife(host: string, fromMs: number, toMs: number): boolean {
    const sights = this.#sights.get(host) ?? [];
    const newest = (atMs: number): number =>
      sights.reduce((most, one) => (one.atMs > atMs ? most : Math.max(most, one.incarnation)), 0);
    return newest(fromMs) === newest(toMs);
  }

  failures(): number {
    const all = [...this.#sights.values()].flat();
    return all.filter(({ state }) => state === "failed").length;
  }

  async #look(): Promise<void> {
    const { hosts } = await this.client.status(deployment);
    for (const { name, state, incarnation, error } of hosts) {
      this.#add(name, { atMs: Date.now(), state, incarnation, error: error?.code ?? null });
    }
  }

  #take(event: LifecycleEvent): void {
    const { at, host, incarnation, from, to, signal } = event;
    const key = `${at} ${host} ${incarnation} ${from} ${to} ${signal}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.events.push(event);
    const error = event.error?.code ?? null;
    this.#add(host, { atMs: Date.parse(at), state: to, incarnation, error });
    if (to === "suspended") this.sleeps += 1;
    if (from === "resuming" && to === "running") this.wakes += 1;
    // Numbers only grow. A daemon that was started again tells of a boot that it took up once more.
    const last = this.#lastClaims.get(host) ?? 0;
    if (to !== "allocating" || incarnation === 0) return;
    if (incarnation < last) {
      this.onWrong(`${host}: incarnation ${incarnation} is allocated after ${last}`);
    }
    this.#lastClaims.set(host, Math.max(last, incarnation));
  }

  #add(host: string, sight: Sight): void {
    const sights = this.#sights.get(host) ?? [];
    sights.push(sight);
    this.#sights.set(host, sights);
  }
}
