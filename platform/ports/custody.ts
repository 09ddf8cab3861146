/**
 * Descriptors that outlive the daemon: somebody holds duplicates of them and gives them back to the
 * next one. A label says what a descriptor is, and carries no state.
 */
export interface Custody {
  /** What an earlier daemon kept under the label. Given once, to own; it stays kept. */
  recovered(label: string): number | null;
  /** Holds a duplicate, instead of any before. The caller's own stays open until `drop`. */
  keep(label: string, descriptor: number): void;
  /** Before the caller closes its own. What is not kept is ignored. */
  drop(label: string): void;
}

/** Where nobody holds anything: tests, and a supervisor that nobody starts again. */
export const noCustody: Custody = {
  recovered: () => null,
  keep: () => undefined,
  drop: () => undefined,
};
