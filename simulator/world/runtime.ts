/**
 * An environment's process, a model of `host-runtime`: takes one event after the other and lives
 * the lives that they ask for. What decides (`bearingOf`, `timeToWorkMs`) is the production code's.
 */
import { bearingOf } from "../../host-runtime/bearing.js";
import { timeToWorkMs } from "../../host-runtime/deadline.js";
import { bootIdOf } from "../../platform/protocol/boot-id.js";
import type {
  BootEvent,
  ContinueEvent,
  InvocationEvent,
} from "../../platform/protocol/environment.js";
import type { RuntimeProcess } from "./cloud-contract.js";
import { Life, type LifeWorld } from "./life.js";
import { Stray } from "./stray.js";

export interface RuntimeWorld extends Omit<LifeWorld, "bootId" | "onEnd"> {
  /** The environment's own name. */
  readonly id: string;
  /** Its event is answered, and it asks for the next. */
  readonly returned: () => void;
  readonly exited: () => void;
  /** Of a mutation. */
  readonly continuesAny: boolean;
  readonly bootEventOf: (event: ContinueEvent) => BootEvent;
}

export class Runtime implements RuntimeProcess<InvocationEvent> {
  readonly pid: number;
  readonly bootId: string;
  readonly #world: RuntimeWorld;
  #life: Life | null = null;
  #stray: Stray | null = null;
  /** Of the last life here: what is older is a late duplicate. */
  #last: BootEvent | null = null;
  /** Comes next, when the life before it is over. */
  #next: InvocationEvent | null = null;
  #isInvoked = false;
  /** Which invocation it works on. */
  #turn = 0;
  #isFrozen = false;

  constructor(world: RuntimeWorld) {
    this.#world = world;
    this.pid = world.pid;
    this.bootId = bootIdOf(world.id, String(world.pid));
  }

  get life(): Life | null {
    return this.#life;
  }

  get frozen(): boolean {
    return this.#isFrozen;
  }

  event(payload: InvocationEvent, timeoutMs: number): void {
    this.#world.stage.deliver(() => this.#handle(payload, timeoutMs));
  }

  freeze(): void {
    if (this.#isFrozen) return;
    this.#isFrozen = true;
    this.#world.stage.pause();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#world.stage.resume();
  }

  kill(): void {
    this.#life?.kill();
    this.#stray?.end();
    this.#world.stage.end();
  }

  #handle(event: InvocationEvent, timeoutMs: number): void {
    this.#isInvoked = true;
    this.#turn += 1;
    const turn = this.#turn;
    this.#world.stage.after(timeToWorkMs(timeoutMs), () => {
      if (this.#turn === turn) this.nearDeadline();
    });
    const life = this.#life;
    const bearing = life === null ? null : bearingOf(event, life.event, this.bootId);
    if (life !== null && bearing === "same") {
      life.continued();
      if (life.sleepWanted) this.#answerForNow(life);
    } else if (bearing === "stale" || this.#isOld(event)) this.#answer();
    else if (life !== null) {
      this.#next = event;
      life.fenceOff();
    } else this.#begin(event);
  }

  #begin(event: InvocationEvent): void {
    if (event.action === "boot") this.#live(event, this.bootId).start();
    else if (!this.#world.continuesAny) this.#misdirected(event);
    else this.#live(this.#world.bootEventOf(event), event.memory).startAnew();
  }

  #live(event: BootEvent, bootId: string): Life {
    this.#last = event;
    const life = new Life(event, {
      ...this.#world,
      bootId,
      onEnd: (ended) => this.#over(ended),
      onSleep: () => {
        if (this.#isInvoked && this.#life === life) this.#answerForNow(life);
      },
    });
    this.#life = life;
    return life;
  }

  #misdirected(event: ContinueEvent): void {
    this.#stray = new Stray(event, this.#world, this.bootId, () => {
      this.#stray = null;
      this.#answer();
    });
  }

  /** The life is over and a supervisor knows it. */
  #over(life: Life): void {
    if (this.#life !== life) return;
    this.#life = null;
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.#begin(next);
    else if (this.#isInvoked) this.#answer();
  }

  /** Its invocation has to end. */
  nearDeadline(): void {
    const life = this.#life;
    if (this.#stray !== null) this.#stray.end();
    else if (life === null) return;
    else if (life.asking) life.fenceOff();
    else if (this.#isInvoked) this.#answerForNow(life);
  }

  /** The guests live on. */
  #answerForNow(life: Life): void {
    life.returning();
    this.#answer();
  }

  #answer(): void {
    if (!this.#isInvoked) return;
    this.#isInvoked = false;
    this.#turn += 1;
    this.#world.returned();
  }

  #isOld({ deployId, host, incarnation }: InvocationEvent): boolean {
    const last = this.#last;
    if (last === null || last.deployId !== deployId || last.host !== host) return false;
    return incarnation < last.incarnation;
  }
}
