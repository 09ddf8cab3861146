/** What a host's sleep asks of the host, and tells it. */
import type { Cause } from "../lifecycle/events.js";
import type { DeclaredHost } from "./declared-host.js";
import type { Waiting } from "./placeholder-set.js";
import type { SupervisorContext } from "./supervisor-context.js";

export interface HostSleepOptions {
  readonly context: SupervisorContext;
  readonly declared: () => DeclaredHost;
  /** Of the host-runtime. */
  readonly runtimePid: () => number | null;
  /** A port of the host on which connections come in. */
  readonly serves: (port: number) => boolean;
  /** Who waits in the queue of one of its ports. */
  readonly waiting: () => Waiting | null;
  /** It is idle, and nothing waits: it may sleep. */
  readonly onIdle: (cause: Cause) => void;
  /** Something happened to it in its sleep. */
  readonly onSignal: (cause: Cause) => void;
  /** What that was, by name. */
  readonly onFound: (cause: Cause) => void;
}
