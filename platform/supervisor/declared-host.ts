import type { BootEvent } from "../protocol/environment.js";

/** A host as the manifest declares it, with what this deployment gave it. */
export interface DeclaredHost {
  readonly name: string;
  readonly className: string;
  /** IPv4 in host order. */
  readonly address: number;
  readonly tcpPorts: readonly number[];
  /** The port whose `listen` makes the host ready; null where execution does. */
  readonly readyPort: number | null;
  readonly ready: "listen" | "exec";
  readonly bootTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly functionName: string;
  /** What the function is invoked with, for one life of this host. */
  readonly bootEvent: (life: { readonly incarnation: number; readonly claim: string }) => BootEvent;
}
