/** Blocking connects that wait for a host, and the errno that each way of failing is told by. */
import { constants } from "node:os";
import type { PendingRequest } from "../ports/processes.js";

/** ECONNREFUSED: up, and not listening. ETIMEDOUT: not booted in time. */
export type ConnectRefusal = "ECONNREFUSED" | "ETIMEDOUT" | "EHOSTUNREACH";

export function refusalOf(failureCode: string): ConnectRefusal {
  if (failureCode === "IM_BOOT_TIMEOUT") return "ETIMEDOUT";
  if (failureCode === "IM_STORE_FAILED" || failureCode === "IM_INVOKE_FAILED") return "ETIMEDOUT";
  return "ECONNREFUSED";
}

interface Waiter {
  readonly pending: PendingRequest;
  readonly by: string;
}

export class ConnectWaiters {
  #waiting: Waiter[] = [];

  add(pending: PendingRequest, by: string): void {
    this.#waiting.push({ pending, by });
  }

  first(): { readonly by: string; readonly port: number; readonly pid: number } | null {
    const first = this.#waiting[0];
    if (first === undefined) return null;
    const { port, pid } = first.pending.request;
    return { by: first.by, port, pid };
  }

  admitPort(port: number): void {
    this.admitPorts([port]);
  }

  /** Lets through everybody who waits for one of these ports. */
  admitPorts(ports: readonly number[]): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ pending }) => !ports.includes(pending.request.port));
    for (const { pending } of waiting) {
      if (ports.includes(pending.request.port)) this.admit(pending);
    }
  }

  admit(pending: PendingRequest): void {
    const { address, port } = pending.request;
    pending.answer({ error: 0, action: "native", address, port });
  }

  refuseAll(refusal: ConnectRefusal): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { pending } of waiting) this.refuse(pending, refusal);
  }

  refuse(pending: PendingRequest, refusal: ConnectRefusal): void {
    const { address, port } = pending.request;
    const error = constants.errno[refusal];
    pending.answer({ error, action: "native", address, port });
  }
}
