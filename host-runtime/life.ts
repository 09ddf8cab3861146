/**
 * One life of a host in this environment, from its boot event to the end of its last process:
 *
 *   asking ── accepted ──► living ── tree is empty ──► ended
 *      └──── refused, told to end, no supervisor ────► ended (nothing was started)
 *
 * It may outlast its invocation: `returning` and `continued` say so to the supervisor.
 *
 * A supervisor that hangs up changes nothing of that: another is looked for, and told again. Only a
 * guest that a supervisor refuses, or that none has come back for, is ended; its host could be
 * alive elsewhere by then. (`message` and `lost` are the places that decide it.)
 */
import { ImError } from "../platform/errors/im-error.js";
import type {
  BootEvent,
  EnvironmentMessage,
  InvocationEvent,
  SupervisorMessage,
} from "../platform/protocol/environment.js";
import { goDebug } from "../platform/protocol/go-resolver.js";
import { type Addon, shimFiles } from "../shim/index.js";
import { Attendance } from "./attendance.js";
import { type Bearing, bearingOf } from "./bearing.js";
import type { GuestInit } from "./guest-init.js";
import type { GuestStart, InitStatus } from "./init-protocol.js";
import type { NodeLink } from "./node-link.js";
import { OutputRelay } from "./output-relay.js";
import { report } from "./report.js";
import { exitText, neverStarted, shortName, startFailure } from "./start-failure.js";
import { type Supervised, Supervision } from "./supervision.js";
import { signalName } from "./system-names.js";

/** Body of the response to the invocation. */
export interface LifeResult {
  /** returned: the deadline was near; the guests live on. */
  readonly result: "exited" | "failed" | "refused" | "returned";
  readonly incarnation: number;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface LifeParts {
  readonly addon: Addon;
  readonly init: GuestInit;
  readonly bootId: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** The environment itself is told to end. */
  readonly stop: AbortSignal;
  /** How long a guest goes on without a supervisor. Default 60 s. */
  readonly awayMs?: number;
  /** How long it goes on without an invocation. Default 75 s. */
  readonly uninvokedMs?: number;
}

const defaultGraceMs = 5000;
/** The supervisor's queue is full and stays so: it learns of the end by our hang-up. */
const lastWordsMs = 2000;

export class Life implements Supervised {
  readonly #event: BootEvent;
  readonly #parts: LifeParts;
  readonly #output: OutputRelay;
  #phase: "asking" | "living" | "ended" = "asking";
  #command: { code: number | null; signal: string | null } = { code: null, signal: null };
  #failure: string | null = null;
  #empty = false;
  #guestPid: number | null = null;
  /** How it ended, for every supervisor that comes. */
  #last: EnvironmentMessage | null = null;
  /** A supervisor has refused it: no other is looked for. */
  #refusedAlive = false;
  readonly #attendance: Attendance;
  readonly #supervision: Supervision;
  #settle: (result: LifeResult | Promise<LifeResult>) => void = () => {};

  constructor(event: BootEvent, parts: LifeParts) {
    this.#event = event;
    this.#parts = parts;
    this.#output = new OutputRelay(event.incarnation, event.logFile);
    this.#attendance = new Attendance(() => this.#abandoned(), parts.uninvokedMs);
    const awayMs = event.awayMs ?? parts.awayMs;
    this.#supervision = new Supervision(parts.addon, event.nodeSocket, this, awayMs);
  }

  /** Rejects when im-init was lost: then nobody can say what of the guest still runs. */
  async run(): Promise<LifeResult> {
    const { stop } = this.#parts;
    const onStop = () => this.#terminate(this.#graceMs);
    stop.addEventListener("abort", onStop);
    try {
      return await new Promise<LifeResult>((resolve) => {
        this.#settle = resolve;
        this.#supervision.start();
        if (stop.aborted) onStop();
      });
    } finally {
      stop.removeEventListener("abort", onStop);
    }
  }

  /** After the response: waits until a supervisor knows the end, and hangs up. */
  async leave(): Promise<void> {
    if (this.#last !== null) await this.#supervision.told(lastWordsMs, this.#parts.stop);
    this.close();
  }

  close(): void {
    this.#attendance.forget();
    this.#supervision.close();
  }

  bearingOf(event: InvocationEvent): Bearing {
    return bearingOf(event, this.#event, this.#parts.bootId);
  }

  get incarnation(): number {
    return this.#event.incarnation;
  }

  /** Nothing was started yet. */
  get asking(): boolean {
    return this.#phase === "asking";
  }

  sleepWanted(): Promise<"sleep"> {
    return this.#attendance.sleepWanted();
  }

  /** The invocation is answered; the next one is asked for as soon as this has been said. */
  returning(): void {
    this.#attendance.returned();
    this.#supervision.send({ type: "environment.returning" });
  }

  /** It has an invocation again. */
  continued(): void {
    this.#attendance.continued();
    this.#supervision.send({ type: "environment.continued" });
  }

  greet(link: NodeLink): void {
    const { init, bootId } = this.#parts;
    const { deployId, host, incarnation, claim } = this.#event;
    const identity = { deployId, host, incarnation, bootId, pid: process.pid };
    if (this.#phase === "asking") {
      link.send({ type: "environment.started", ...identity, claim }, [init.control]);
      return;
    }
    const guestPid = this.#guestPid;
    const { invoked } = this.#attendance;
    link.send({ type: "environment.resumed", ...identity, guestPid, invoked }, [init.control]);
    if (this.#last !== null) link.send(this.#last);
  }

  message(message: SupervisorMessage): void {
    switch (message.type) {
      case "environment.accepted":
        // To one that lives it says that it may go on.
        if (this.#phase === "asking") this.#start();
        return;
      case "environment.refused":
        if (this.#phase === "asking") this.#refused(message.reason);
        else this.fenceOff(message.reason);
        return;
      case "suspend":
        this.#attendance.sleep();
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

  lost(code: string | undefined): void {
    const { host, incarnation } = this.#event;
    report("no supervisor", { host, incarnation, code, phase: this.#phase });
    if (this.#phase !== "asking") {
      this.#terminate(this.#event.awayMs === undefined ? this.#graceMs : 0);
      return;
    }
    const what = `the node's supervisor cannot be reached: ${code ?? "unknown error"}`;
    this.#settle(Promise.reject(new ImError("IM_DAEMON_UNREACHABLE", { what })));
  }

  /** The host lives another life: no grace, what this one still writes could only do harm. */
  fenceOff(reason: string): void {
    const { host, incarnation } = this.#event;
    if (this.#phase === "asking") {
      // Who reads only now that it was asked would accept it, and wait for it for ever.
      this.#supervision.send({ type: "guest.failed", error: neverStarted(reason) });
      this.#refused(reason);
      return;
    }
    report("life fenced off", { host, incarnation, reason });
    this.#refusedAlive = true;
    this.#terminate(0);
  }

  #abandoned(): void {
    const { host, incarnation } = this.#event;
    report("nobody came to continue", { host, incarnation });
    this.#terminate(this.#graceMs);
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
    const GODEBUG = goDebug(guest.environment["GODEBUG"]);
    const preload = guest.preload ? { LD_PRELOAD: shimFiles.preload, GODEBUG } : {};
    const environment = { ...this.#parts.inherited, ...guest.environment, ...preload };
    return { command: guest.command, directory: guest.directory, environment };
  }

  #status(status: InitStatus): void {
    switch (status.type) {
      case "started":
        this.#output.mark(`started ${shortName(this.#event.guest)}`);
        // Only now, so that the mark comes first.
        this.#output.carry(this.#parts.init.stdout, "out");
        this.#output.carry(this.#parts.init.stderr, "err");
        this.#guestPid = status.pid;
        this.#supervision.send({ type: "guest.started", pid: status.pid });
        return;
      case "failed":
        this.#failure = startFailure(this.#event.guest, status);
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
    const { incarnation } = this.#event;
    if (this.#failure === null && !this.#empty) {
      await this.#output.finish("init was lost");
      throw new ImError("IM_ENVIRONMENT_LOST", { what: "im-init ended before its guest" });
    }
    if (this.#failure !== null) {
      await this.#output.finish(this.#failure);
      const error = { code: "IM_GUEST_COMMAND", message: this.#failure };
      await this.#tell({ type: "guest.failed", error });
      return { result: "failed", incarnation, code: null, signal: null };
    }
    await this.#output.finish(exitText(this.#guestStart(), this.#command));
    await this.#tell({ type: "guest.exited", ...this.#command });
    return { result: "exited", incarnation, ...this.#command };
  }

  /** The last that is said of this life; a supervisor that is away now hears it when it is back. */
  async #tell(last: EnvironmentMessage): Promise<void> {
    this.#last = last;
    this.#supervision.send(last);
    if (this.#refusedAlive) this.close();
    else await this.#supervision.told(lastWordsMs, this.#parts.stop);
  }

  get #graceMs(): number {
    return this.#event.guest.stopGraceMs ?? defaultGraceMs;
  }
}
