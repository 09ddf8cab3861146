/** What shims read to answer names and to decide whether a host may be dialled natively. */
import type { ListenPort } from "../manifest/manifest.js";

export interface NameTableEntry {
  /** IPv4 in host order. */
  readonly address: number;
  readonly name: string;
  readonly ports: readonly NameTablePort[];
}

export interface NameTablePort extends ListenPort {
  /** What is really bound on the overlay address; the same unless that was not possible. */
  readonly mapped: number;
}

export interface NameTable {
  /** Replaces all entries at once: readers see the old ones or the new ones, whole. */
  publish(entries: readonly NameTableEntry[]): void;
  setRunning(address: number, running: boolean): void;
  /** For guests that may not open the path: read-only. */
  readonly descriptor: number;
  readonly path: string;
  close(): void;
}
