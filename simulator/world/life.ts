/** One life of a host in an environment: its bond to the supervisor, and its guest. */
import type { ControlRequest } from "../../platform/protocol/control.js";
import type {
  BootEvent,
  EnvironmentMessage,
  SupervisorMessage,
} from "../../platform/protocol/environment.js";
import { Guest, type GuestWorld } from "./guest.js";
import type { Answer, Link, LinkEnd } from "./link.js";
import type { Stage, StageTimer } from "./stage.js";

export interface LifeWorld {
  readonly pid: number;
  readonly bootId: string;
  readonly stage: Stage;
  /** To the supervisor of the machine; null: none is there. */
  connect(end: LinkEnd): Link | null;
  /** Everything that a guest needs beside its control requests and its end. */
  guestWorld(
    event: BootEvent,
  ): Omit<GuestWorld, "ask" | "onEnd" | "stage" | "runtimePid" | "incarnation" | "host">;
  /** Its command cannot be executed. */
  startFails(host: string): boolean;
  readonly guestBegun: (guest: Guest) => void;
  readonly guestSleeps: (guest: Guest) => void;
  readonly onEnd: (life: Life) => void;
  readonly onSleep?: () => void;
}

/** As `Supervision` has them. */
const pauseFirstMs = 20;
const pauseMsMax = 500;
const awayMsDefault = 60_000;
/** As `Attendance` has it. */
const uninvokedMs = 75_000;
const graceMsDefault = 5_000;
const startMs = 2;

export class Life implements LinkEnd {
  readonly event: BootEvent;
  readonly #world: LifeWorld;
  #phase: "asking" | "living" | "ended" = "asking";
  #link: Link | null = null;
  #guest: Guest | null = null;
  #awaySinceMs: number | null;
  #pauseMs = 0;
  #last: EnvironmentMessage | null = null;
  #isRefused = false;
  #isInvoked = true;
  #isOver = false;
  sleepWanted = false;
  #uninvoked: StageTimer | null = null;
  /** What the guest asked and nobody has answered yet. */
  readonly #asked = new Set<{ request: ControlRequest; answered: Answer }>();

  constructor(event: BootEvent, world: LifeWorld) {
    this.event = event;
    this.#world = world;
    this.#awaySinceMs = world.stage.clock.monotonicMs();
  }

  get pid(): number {
    return this.#world.pid;
  }

  get stage(): Stage {
    return this.#world.stage;
  }

  get asking(): boolean {
    return this.#phase === "asking";
  }

  get guest(): Guest | null {
    return this.#guest;
  }

  start(): void {
    this.#seek();
  }

  /** Of a mutation: another's life is continued, without its memory. */
  startAnew(): void {
    this.#start();
    this.#seek();
  }

  message(message: SupervisorMessage): void {
    if (this.#isOver) return;
    this.#awaySinceMs = null;
    this.#pauseMs = pauseFirstMs;
    if (message.type === "environment.accepted") this.#start();
    else if (message.type === "environment.refused") this.#refused();
    else if (message.type === "suspend") {
      this.sleepWanted = true;
      this.#forgetUninvoked();
      if (this.#guest !== null) this.#world.guestSleeps(this.#guest);
      this.#world.onSleep?.();
    } else if (message.type === "terminate") this.#terminate(message.graceMs);
  }

  hungUp(link: Link): void {
    if (this.#link !== link) return;
    this.#link = null;
    if (this.#isOver) return;
    this.#awaySinceMs ??= this.#world.stage.clock.monotonicMs();
    this.#seek();
  }

  ask(request: ControlRequest, answered: Answer): void {
    const asked = { request, answered };
    this.#asked.add(asked);
    this.#put(asked);
  }

  returning(): void {
    this.#isInvoked = false;
    if (!this.sleepWanted) {
      this.#uninvoked = this.#world.stage.after(uninvokedMs, () => this.#terminate(this.#graceMs));
    }
    this.sleepWanted = false;
    this.#link?.say({ type: "environment.returning" });
  }

  continued(): void {
    this.#forgetUninvoked();
    this.#isInvoked = true;
    this.#link?.say({ type: "environment.continued" });
  }

  #refused(): void {
    if (this.#phase === "asking") this.#finish();
    else this.fenceOff();
  }

  /** The host lives another life, or nobody wants this one. */
  fenceOff(): void {
    this.#isRefused = true;
    if (this.#phase !== "asking") {
      this.#terminate(0);
      return;
    }
    const error = { code: "IM_ENVIRONMENT_LOST", message: "not started" };
    this.#link?.say({ type: "guest.failed", error });
    this.#finish();
  }

  kill(): void {
    this.#isOver = true;
    this.#guest?.end(null, "SIGKILL");
    this.#link?.leave();
  }

  #terminate(graceMs: number): void {
    if (this.#phase === "asking") this.#finish();
    else if (this.#phase === "living") this.#guest?.terminate(graceMs);
  }

  #start(): void {
    if (this.#phase !== "asking") return;
    this.#phase = "living";
    const { stage, pid } = this.#world;
    const { host, incarnation } = this.event;
    stage.after(startMs, () => {
      if (this.#world.startFails(host)) {
        const error = { code: "IM_GUEST_COMMAND", message: "cannot be executed" };
        this.#ended({ type: "guest.failed", error });
        return;
      }
      this.#guest = new Guest({
        ...this.#world.guestWorld(this.event),
        ...{ host, incarnation, stage, runtimePid: pid },
        ask: (request, answered) => this.ask(request, answered),
        onEnd: (code, signal) => this.#ended({ type: "guest.exited", code, signal }),
      });
      this.#world.guestBegun(this.#guest);
      this.#link?.say({ type: "guest.started", pid: this.#guest.pid });
    });
  }

  #ended(last: EnvironmentMessage): void {
    this.#phase = "ended";
    this.#asked.clear();
    if (this.#isOver) return;
    this.#last = last;
    this.#link?.say(last);
    if (this.#isRefused || this.#link !== null) this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forgetUninvoked();
    // It hangs up when what was said has been read.
    this.#link?.leave();
    this.#world.onEnd(this);
  }

  #seek(): void {
    if (this.#isOver) return;
    const { stage } = this.#world;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(Math.max(2 * pauseMs, pauseFirstMs), pauseMsMax);
    stage.after(pauseMs, () => {
      if (this.#isOver || this.#link !== null) return;
      this.#link = this.#world.connect(this);
      if (this.#link !== null) this.#greet(this.#link);
      else if (this.#isAwayTooLong()) this.#lost();
      else this.#seek();
    });
  }

  #isAwayTooLong(): boolean {
    this.#awaySinceMs ??= this.#world.stage.clock.monotonicMs();
    return (
      this.#world.stage.clock.monotonicMs() - this.#awaySinceMs >=
      (this.event.awayMs ?? awayMsDefault)
    );
  }

  #lost(): void {
    if (this.#phase === "ended" || this.#phase === "asking") this.#finish();
    else {
      this.#isRefused = true;
      this.#guest?.terminate(this.event.awayMs === undefined ? this.#graceMs : 0);
    }
  }

  #greet(link: Link): void {
    const { deployId, host, incarnation, claim } = this.event;
    const { pid, bootId } = this.#world;
    const identity = { deployId, host, incarnation, bootId, pid };
    if (this.#phase === "asking") {
      link.say({ type: "environment.started", ...identity, claim });
      return;
    }
    const guestPid = this.#guest?.pid ?? null;
    link.say({ type: "environment.resumed", ...identity, guestPid, invoked: this.#isInvoked });
    if (this.#last !== null) {
      link.say(this.#last);
      this.#finish();
    }
    for (const asked of this.#asked) this.#put(asked);
  }

  #put(asked: { request: ControlRequest; answered: Answer }): void {
    this.#link?.ask(asked.request, (reply, hand) => {
      if (!this.#asked.delete(asked)) return;
      asked.answered(reply, hand);
    });
  }

  #forgetUninvoked(): void {
    if (this.#uninvoked !== null) this.#world.stage.cancel(this.#uninvoked);
    this.#uninvoked = null;
  }

  get #graceMs(): number {
    return this.event.guest.stopGraceMs ?? graceMsDefault;
  }
}
