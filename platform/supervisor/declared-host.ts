import type { IdleRules, ListenPort } from "../manifest/manifest.js";
import type { BootEvent, ContinueEvent } from "../protocol/environment.js";

export function tcpPorts({ listen }: DeclaredHost): readonly number[] {
  return listen.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port);
}

/** A host as the manifest declares it, with what this deployment gave it. */
export interface DeclaredHost {
  readonly name: string;
  readonly className: string;
  /** IPv4 in host order. */
  readonly address: number;
  /** The ports that it serves, as declared. */
  readonly listen: readonly ListenPort[];
  /** The port whose `listen`, for UDP `bind`, makes the host ready; null where execution does. */
  readonly readyPort: ListenPort | null;
  readonly ready: "listen" | "exec";
  readonly bootTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly idle: IdleRules;
  readonly wakeEveryMs: number | null;
  readonly functionName: string;
  /** What the function is invoked with first, for one life of this host. */
  readonly bootEvent: (life: { readonly incarnation: number; readonly claim: string }) => BootEvent;
  /** And then, for the environment that has the life. */
  readonly continueEvent: (life: {
    readonly incarnation: number;
    readonly memory: string;
  }) => ContinueEvent;
}
