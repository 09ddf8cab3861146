/** Binds of a guest wait until its incarnation is registered: only then may it serve. */
import { constants } from "node:os";
import type { PendingRequest } from "../ports/processes.js";
import type { PlaceholderSet } from "./placeholder-set.js";

export class BindGate {
  #opened = false;
  #waiting: { readonly pending: PendingRequest; readonly proceed: () => void }[] = [];

  pass(pending: PendingRequest, proceed: () => void): void {
    if (this.#opened) proceed();
    else this.#waiting.push({ pending, proceed });
  }

  open(): void {
    this.#opened = true;
    for (const { proceed } of this.#take()) proceed();
  }

  /** The life is over: nothing that still waits may serve. */
  shut(): void {
    this.#opened = false;
    for (const { pending } of this.#take()) this.refuse(pending);
  }

  answer(pending: PendingRequest, placeholders: PlaceholderSet, address: number): void {
    const { port } = pending.request;
    const native = { error: 0, action: "native", address, port } as const;
    const placeholder = placeholders.handOver(pending.request);
    if (placeholder === "native") pending.answer(native);
    else if (placeholder === "in-use") pending.answer({ ...native, error: errno("EADDRINUSE") });
    else pending.answer({ ...native, action: "handover" }, placeholder);
  }

  /** A process of an earlier life: it must not serve beside the present one. */
  refuse(pending: PendingRequest): void {
    const { address, port } = pending.request;
    pending.answer({ error: errno("EADDRNOTAVAIL"), action: "native", address, port });
  }

  #take() {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

function errno(name: "EADDRINUSE" | "EADDRNOTAVAIL"): number {
  return constants.errno[name];
}
