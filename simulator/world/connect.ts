/**
 * One connect of a program to a host, from the call to its end: an answer to its first request, or
 * an errno. As the shim does it: a blocking one asks the supervisor where the table does not say
 * that the host runs; the others go straight to the kernel.
 */
import { constants } from "node:os";
import type { ControlRequest } from "../../platform/protocol/control.js";
import type { Kernel } from "./kernel.js";
import type { Answer } from "./link.js";
import type { Stage } from "./stage.js";
import type { Stream, StreamClient } from "./stream.js";

/** A program that connects. */
export interface Caller {
  readonly name: string;
  readonly address: number;
  readonly pid: number;
  readonly machine: Kernel;
  readonly stage: Stage;
  readonly runtimePid: number | null;
  /** Of the shim, to the supervisor; asked again where that died before it answered. */
  ask(request: ControlRequest, answered: Answer): void;
  /** What the name table says. */
  isRunning(address: number): boolean;
}

export interface ConnectTarget {
  readonly host: string;
  readonly address: number;
  readonly port: number;
}

export type Outcome =
  | "answered"
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "ETIMEDOUT"
  | "EHOSTUNREACH"
  /** The caller itself has ended. */
  | "abandoned"
  | `errno ${number}`;

export class Connect implements StreamClient {
  readonly id: number;
  readonly caller: Caller;
  readonly target: ConnectTarget;
  readonly startedMs: number;
  outcome: Outcome | null = null;
  /** More requests on the same connection, after the first. */
  readonly #keepsOpen: (stream: Stream) => boolean;
  readonly #onEnd: (connect: Connect) => void;
  #stream: Stream | null = null;

  constructor(
    id: number,
    caller: Caller,
    target: ConnectTarget,
    options: { keepsOpen: (stream: Stream) => boolean; onEnd: (connect: Connect) => void },
  ) {
    this.id = id;
    this.caller = caller;
    this.target = target;
    this.startedMs = caller.machine.timeline.nowMs;
    this.#keepsOpen = options.keepsOpen;
    this.#onEnd = options.onEnd;
  }

  get address(): number {
    return this.caller.address;
  }

  get machine(): Kernel {
    return this.caller.machine;
  }

  get runtimePid(): number | null {
    return this.caller.runtimePid;
  }

  start(style: "blocking" | "nonblocking" | "plain"): void {
    const { caller, target } = this;
    if (style === "plain" || caller.isRunning(target.address)) {
      this.#dial(target.address, target.port);
      return;
    }
    const request: ControlRequest = {
      ...{ type: "connect", nonblocking: style === "nonblocking", ipv6: false, reusePort: false },
      ...{ handedOver: false, address: target.address, port: target.port, protocol: "tcp" },
      pid: caller.pid,
    };
    caller.ask(request, ({ error, address, port }) => {
      if (error === 0) this.#dial(address, port);
      else this.#end(nameOf(error));
    });
  }

  data(stream: Stream): void {
    this.#end("answered");
    if (!this.#keepsOpen(stream)) stream.finish();
  }

  ended(_stream: Stream, how: "closed" | "reset" | "timed out"): void {
    this.#end(how === "timed out" ? "ETIMEDOUT" : "ECONNRESET");
  }

  /** The caller has ended. */
  abandon(): void {
    this.#stream?.finish();
    this.#end("abandoned");
  }

  #dial(address: number, port: number): void {
    if (this.outcome !== null) return;
    const stream = this.machine.connect(this, address, port);
    if (stream === null) {
      this.#end("ECONNREFUSED");
      return;
    }
    this.#stream = stream;
    stream.request();
  }

  #end(outcome: Outcome): void {
    if (this.outcome !== null) return;
    this.outcome = outcome;
    this.#onEnd(this);
  }
}

function nameOf(errno: number): Outcome {
  const { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH } = constants.errno;
  if (errno === ECONNREFUSED) return "ECONNREFUSED";
  if (errno === ETIMEDOUT) return "ETIMEDOUT";
  if (errno === EHOSTUNREACH) return "EHOSTUNREACH";
  return `errno ${errno}`;
}
