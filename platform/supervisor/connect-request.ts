/** What a connect of a process under the shim is answered, by the state of its host. */
import type { Failure } from "../lifecycle/events.js";
import type { PendingRequest } from "../ports/processes.js";
import { type ConnectWaiters, refusalOf } from "./connect-waiters.js";
import type { HostState } from "./host-history.js";
import type { PlaceholderSet } from "./placeholder-set.js";

export interface ConnectedHost {
  readonly state: HostState;
  readonly failure: Failure | null;
  readonly waiters: ConnectWaiters;
  /** Nobody may wake it any more. */
  readonly retired: boolean;
  /** Its memory is kept: its listeners are there, and take connections while it is woken. */
  readonly asleep: boolean;
  /** A failed host may be booted again. */
  readonly retryable: boolean;
  readonly placeholders: Pick<PlaceholderSet, "openOnDemand" | "listening">;
  wakeFor(pending: PendingRequest): void;
}

export function answerConnect(pending: PendingRequest, by: string, host: ConnectedHost): void {
  const { port, nonblocking } = pending.request;
  const { placeholders, waiters } = host;
  if (host.retired) waiters.refuse(pending, "EHOSTUNREACH");
  else if (host.state === "failed" && !host.retryable) {
    waiters.refuse(pending, refusalOf(host.failure?.code ?? ""));
  } else if (host.state === "running") waiters.admit(pending);
  else if (host.asleep) {
    host.wakeFor(pending);
    waiters.admit(pending);
  } else if (!placeholders.openOnDemand(port)) waiters.refuse(pending, "ECONNREFUSED");
  else {
    // The guest may need this very connection to become ready on its first port.
    const serves = host.state === "allocating" && placeholders.listening(port);
    if (nonblocking || serves) waiters.admit(pending);
    else waiters.add(pending, by);
    host.wakeFor(pending);
  }
}
