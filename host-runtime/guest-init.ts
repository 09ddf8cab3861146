/**
 * One im-init: root of the guests of one life. It is started before its guest is known, so that a
 * boot costs one message. Its end without a word means that the guests have lost their reaper.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ImError } from "../platform/errors/im-error.js";
import { type Addon, shimFiles } from "../shim/index.js";
import { encodeStart, type GuestStart, type InitStatus, parseStatus } from "./init-protocol.js";
import { codeOf, report } from "./report.js";

const statusLineMax = 256;
/** Between looks at orphans that were sent SIGKILL. */
const firstPauseMs = 2;
const pauseMsMax = 200;

export class GuestInit {
  /** The supervisor's end; this process keeps it, so that requests outlive a supervisor. */
  readonly control: number;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /**
   * When the process has ended, with everything that ran below it, and all that it said has been
   * delivered.
   */
  readonly ended: Promise<void>;
  readonly #addon: Addon;
  readonly #process: ChildProcess;
  readonly #channel: Socket;
  #onStatus: (status: InitStatus) => void = () => {};
  #pending = "";
  #discarded: Promise<void> | null = null;

  private constructor(addon: Addon, child: ChildProcess, channel: Socket, ends: ReadEnds) {
    this.#addon = addon;
    this.#process = child;
    this.#channel = channel;
    this.control = ends.control;
    this.stdout = new Socket({ fd: ends.stdout, readable: true, writable: false });
    this.stderr = new Socket({ fd: ends.stderr, readable: true, writable: false });
    channel.setEncoding("latin1").on("data", (text: string) => this.#receive(text));
    // EPIPE: im-init is gone, which `ended` tells.
    channel.on("error", (error) => report("init channel", { code: codeOf(error) }));
    this.ended = once(child, "close").then(() => endOrphans(addon));
  }

  static prepare(addon: Addon, environment: Readonly<Record<string, string>>): GuestInit {
    const [control, guestControl] = addon.socketPair();
    const [stdout, guestStdout] = addon.pipe();
    const [stderr, guestStderr] = addon.pipe();
    const child = spawn(shimFiles.init, [], {
      stdio: ["ignore", guestStdout, guestStderr, "pipe", guestControl],
      env: environment,
      // Its own session: what ends this process's group must not take the reaper first.
      detached: true,
    });
    for (const descriptor of [guestControl, guestStdout, guestStderr]) addon.close(descriptor);
    const channel = child.stdio[3];
    if (child.pid === undefined || !(channel instanceof Socket)) {
      child.once("error", (error) => report("im-init", { code: codeOf(error) }));
      for (const descriptor of [control, stdout, stderr]) addon.close(descriptor);
      throw new ImError("IM_NOT_BUILT", { what: "im-init cannot be executed" });
    }
    return new GuestInit(addon, child, channel, { control, stdout, stderr });
  }

  /** Throws `ImError` IM_GUEST_COMMAND for what no process can be given. */
  start(guest: GuestStart, onStatus: (status: InitStatus) => void): void {
    const message = encodeStart(guest);
    this.#onStatus = onStatus;
    this.#channel.write(message);
  }

  /** SIGTERM, and SIGKILL after the grace, for the whole tree. */
  terminate(graceMs: number): void {
    this.#channel.write(`terminate ${graceMs}\n`);
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Kills what still runs, closes everything, and waits for the process's end. */
  discard(): Promise<void> {
    this.#discarded ??= this.#discard();
    return this.#discarded;
  }

  async #discard(): Promise<void> {
    this.#channel.destroy();
    this.stdout.destroy();
    this.stderr.destroy();
    await this.ended;
    this.#addon.close(this.control);
  }

  #receive(text: string): void {
    const lines = (this.#pending + text).split("\n");
    this.#pending = (lines.pop() ?? "").slice(0, statusLineMax);
    for (const line of lines) {
      const status = parseStatus(line);
      if (status === null) report("init said something unknown", { line });
      else this.#onStatus(status);
    }
  }
}

/**
 * An init that was killed leaves its guests to this process, the next subreaper above: none of them
 * may outlive it, whatever session, variables or name they have given themselves by now.
 */
async function endOrphans(addon: Addon): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!addon.endChildren()) {
    await delay(pauseMs);
    pauseMs = Math.min(2 * pauseMs, pauseMsMax);
  }
}

interface ReadEnds {
  readonly control: number;
  readonly stdout: number;
  readonly stderr: number;
}
