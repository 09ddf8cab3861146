/**
 * One life of a host in this environment, from its boot event to the end of its last process:
 *
 *   asking ── accepted ──► living ── tree is empty ──► ended
 *      └──── refused, told to end, supervisor gone ──► ended (nothing was started)
 */
import { ImError } from "../platform/errors/im-error.js";
import type { BootEvent, SupervisorMessage } from "../platform/protocol/environment.js";
import { type Addon, shimFiles } from "../shim/index.js";
import type { GuestInit } from "./guest-init.js";
import type { GuestStart, InitStatus } from "./init-protocol.js";
import type { NodeLink, NodeLinkHandler } from "./node-link.js";
import { OutputRelay } from "./output-relay.js";
import { report } from "./report.js";
import { errnoMessage, signalName } from "./system-names.js";

/** Body of the response to the invocation. */
export interface LifeResult {
  readonly result: "exited" | "failed" | "refused";
  readonly incarnation: number;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface LifeParts {
  readonly addon: Addon;
  readonly init: GuestInit;
  readonly link: NodeLink;
  readonly bootId: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** The environment itself is told to end. */
  readonly stop: AbortSignal;
}

const defaultGraceMs = 5000;
/** A command's name in a message is cut to this: a packet has a limit. */
const nameMax = 256;
/** The supervisor's queue is full and stays so: it learns of the end by our hang-up. */
const lastWordsMs = 2000;

export class Life implements NodeLinkHandler {
  readonly #event: BootEvent;
  readonly #parts: LifeParts;
  readonly #output: OutputRelay;
  #phase: "asking" | "living" | "ended" = "asking";
  #command: { code: number | null; signal: string | null } = { code: null, signal: null };
  #failure: string | null = null;
  #empty = false;
  #settle: (result: LifeResult | Promise<LifeResult>) => void = () => {};

  constructor(event: BootEvent, parts: LifeParts) {
    this.#event = event;
    this.#parts = parts;
    this.#output = new OutputRelay(event.incarnation, event.logFile);
  }

  /** Rejects when im-init was lost: then nobody can say what of the guest still runs. */
  async run(): Promise<LifeResult> {
    const { link, init, stop, bootId } = this.#parts;
    const { deployId, host, incarnation, claim } = this.#event;
    const onStop = () => this.#terminate(this.#event.guest.stopGraceMs ?? defaultGraceMs);
    stop.addEventListener("abort", onStop);
    try {
      return await new Promise<LifeResult>((resolve) => {
        this.#settle = resolve;
        link.listen(this);
        const identity = { deployId, host, incarnation, claim, bootId, pid: process.pid };
        link.send({ type: "environment.started", ...identity }, [init.control]);
        if (stop.aborted) onStop();
      });
    } finally {
      stop.removeEventListener("abort", onStop);
    }
  }

  message(message: SupervisorMessage): void {
    switch (message.type) {
      case "environment.accepted":
        if (this.#phase === "asking") this.#start();
        else report("unexpected message", { type: message.type, phase: this.#phase });
        return;
      case "environment.refused":
        if (this.#phase === "asking") this.#refused(message.reason);
        else report("unexpected message", { type: message.type, phase: this.#phase });
        return;
      case "terminate":
        this.#terminate(message.graceMs);
        return;
      case "client.accepted":
      case "client.refused":
        report("unexpected message", { type: message.type, phase: this.#phase });
        return;
      default:
        message satisfies never;
    }
  }

  /**
   * The supervisor is gone. A guest whose supervisor is lost could be running twice before long:
   * it ends. (The one place that decides it.)
   */
  closed(): void {
    this.#terminate(defaultGraceMs);
  }

  #terminate(graceMs: number): void {
    if (this.#phase === "asking") this.#refused("told to end before the start");
    else if (this.#phase === "living") this.#parts.init.terminate(graceMs);
  }

  #refused(reason: string): void {
    const { incarnation, host } = this.#event;
    report("life refused", { host, incarnation, reason });
    this.#phase = "ended";
    this.#settle({ result: "refused", incarnation, code: null, signal: null });
  }

  #start(): void {
    const { init } = this.#parts;
    this.#phase = "living";
    try {
      init.start(this.#guestStart(), (status) => this.#status(status));
    } catch (error) {
      if (!(error instanceof ImError)) throw error;
      this.#failure = error.message;
      void init.discard();
    }
    this.#settle(init.ended.then(() => this.#end()));
  }

  #guestStart(): GuestStart {
    const { guest } = this.#event;
    const preload = guest.preload ? { LD_PRELOAD: shimFiles.preload } : {};
    const environment = { ...this.#parts.inherited, ...guest.environment, ...preload };
    return { command: guest.command, directory: guest.directory, environment };
  }

  #status(status: InitStatus): void {
    switch (status.type) {
      case "started":
        this.#output.mark(`started ${this.#name}`);
        // Only now, so that the mark comes first.
        this.#output.carry(this.#parts.init.stdout, "out");
        this.#output.carry(this.#parts.init.stderr, "err");
        this.#parts.link.send({ type: "guest.started", pid: status.pid });
        return;
      case "failed":
        this.#failure = this.#describe(status.errno, status.step);
        return;
      case "exited": {
        const signal = status.signal === null ? null : signalName(status.signal);
        this.#command = { code: status.code, signal };
        return;
      }
      case "empty":
        this.#empty = true;
        return;
      default:
        status satisfies never;
    }
  }

  /** im-init has ended, and with it the whole tree, unless it says nothing. */
  async #end(): Promise<LifeResult> {
    this.#phase = "ended";
    const { link } = this.#parts;
    const { incarnation } = this.#event;
    if (this.#failure === null && !this.#empty) {
      await this.#output.finish("init was lost");
      throw new ImError("IM_ENVIRONMENT_LOST", { what: "im-init ended before its guest" });
    }
    if (this.#failure !== null) {
      await this.#output.finish(this.#failure);
      link.send({
        type: "guest.failed",
        error: { code: "IM_GUEST_COMMAND", message: this.#failure },
      });
      await this.#sent();
      return { result: "failed", incarnation, code: null, signal: null };
    }
    const { code, signal } = this.#command;
    await this.#output.finish(signal === null ? `exited code ${code}` : `exited signal ${signal}`);
    link.send({ type: "guest.exited", code, signal });
    await this.#sent();
    return { result: "exited", incarnation, code, signal };
  }

  async #sent(): Promise<void> {
    const giveUp = setTimeout(() => this.#parts.link.close(), lastWordsMs);
    await this.#parts.link.sent();
    clearTimeout(giveUp);
  }

  get #name(): string {
    return (this.#event.guest.command[0] ?? "").slice(0, nameMax);
  }

  #describe(errno: number, step: "exec" | "chdir" | "fork"): string {
    const directory = this.#event.guest.directory.slice(0, nameMax);
    const reason = errnoMessage(errno);
    if (step === "chdir") return `cannot enter the directory \`${directory}\`: ${reason}`;
    return `cannot execute \`${this.#name}\`: ${reason} (in ${directory})`;
  }
}
