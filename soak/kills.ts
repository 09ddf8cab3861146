/** Who was killed when: what a client may blame for an answer that did not come. */
import type { ProcessKind } from "./processes.js";

export interface Kill {
  readonly atMs: number;
  readonly kind: ProcessKind | "stop";
  /** null: of the whole node, or it could not be told. */
  readonly host: string | null;
  readonly pid: number;
}

/** A life that is being ended, or whose boot broke off, is felt this long after. */
const aftermathMs = 2000;

export class Kills {
  readonly #kills: Kill[] = [];

  add(kind: Kill["kind"], host: string | null, pid: number): void {
    this.#kills.push({ atMs: Date.now(), kind, host, pid });
  }

  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { kind } of this.#kills) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  list(): readonly Kill[] {
    return this.#kills;
  }

  /** What ended a life of the host while a connect was under way. */
  ofLife(host: string, fromMs: number, toMs: number): Kill | null {
    return this.#all(fromMs, toMs).find((kill) => kill.host === host) ?? null;
  }

  /** What ends a life later: whoever is frozen notices nothing before it is thawed. */
  beforeOf(host: string, atMs: number): readonly Kill[] {
    const isLater = ({ kind }: Kill): boolean => kind === "runtime" || kind === "init";
    return this.#kills.filter((kill) => kill.host === host && isLater(kill) && kill.atMs < atMs);
  }

  /** Environments that carried no guest yet: whose they were to be is not known. */
  ofBoots(fromMs: number, toMs: number): readonly Kill[] {
    const isBoot = ({ kind, host }: Kill): boolean =>
      host === null && (kind === "runtime" || kind === "init");
    return this.#all(fromMs, toMs).filter(isBoot);
  }

  /** The store, without which nothing can be claimed. */
  ofStore(fromMs: number, toMs: number): Kill | null {
    return this.#all(fromMs, toMs).find(({ kind }) => kind === "store") ?? null;
  }

  /** Those that kept the host from serving: its own lives, and what holds the node together. */
  felt(host: string, fromMs: number, toMs: number): number {
    const isFelt = (kill: Kill): boolean => kill.host === host || kill.host === null;
    return this.#all(fromMs, toMs).filter(isFelt).length;
  }

  #all(fromMs: number, toMs: number): readonly Kill[] {
    return this.#kills.filter(({ atMs }) => atMs >= fromMs - aftermathMs && atMs <= toMs);
  }
}
