/** A validated manifest: every default filled in, every duration in ms, paths absolute. */
export interface Manifest {
  readonly deployment: string;
  /** The manifest's own path, absolute. */
  readonly file: string;
  readonly classes: readonly HostClass[];
}

export interface ListenPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

export interface PublishedPort {
  /** On 127.0.0.1 of this machine. */
  readonly from: number;
  /** A declared TCP port of the host. */
  readonly to: number;
}

/** Durations in ms; null: never. */
export interface IdleRules {
  readonly afterMs: number | null;
  readonly terminateAfterMs: number | null;
  readonly inFlightMaxMs: number | null;
  /** A host that sleeps is woken for the timers that its own processes wait for. */
  readonly honorsTimers: boolean;
}

/** A host, or `count` hosts `name-0` … that are alike. */
export interface HostClass {
  readonly name: string;
  /** null: one host that has the class's own name. */
  readonly count: number | null;
  /** Program and arguments; `shell: true` is already `["/bin/sh", "-c", …]`. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly listen: readonly ListenPort[];
  readonly publish: readonly PublishedPort[];
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly bootTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly ready: "listen" | "exec";
  readonly intercept: "preload" | "none";
  readonly idle: IdleRules;
  /** It is woken so often, asleep or imaginary; null: not by time. */
  readonly wakeEveryMs: number | null;
}

/** Names of the hosts of a class, in the order of their numbers. */
export function hostNames(hostClass: Pick<HostClass, "name" | "count">): readonly string[] {
  if (hostClass.count === null) return [hostClass.name];
  return Array.from({ length: hostClass.count }, (_, index) => `${hostClass.name}-${index}`);
}
