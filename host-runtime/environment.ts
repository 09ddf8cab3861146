/**
 * The environment: takes one invocation after the other and lives the lives that they ask for.
 * An im-init stands ready before each boot. A life that outlasts its invocation goes on with the
 * next:
 *
 *   next ──boot──▶ a life ──▶ its end, its deadline, or it is to sleep ──▶ answer ──▶ next
 *    └──continue──▶ the same life ──────▲
 *
 * Nothing but the life's own event, or a newer life of the host, touches a life that is here.
 */
import { ImError } from "../platform/errors/im-error.js";
import type { BootEvent, InvocationEvent } from "../platform/protocol/environment.js";
import type { Addon } from "../shim/index.js";
import { Deadline } from "./deadline.js";
import { parseEvent } from "./event.js";
import { GuestInit } from "./guest-init.js";
import { Life, type LifeResult } from "./life.js";
import { rehearse } from "./rehearsal.js";
import { messageOf, report } from "./report.js";
import type { Invocation, RuntimeApi } from "./runtime-api.js";
import { reportStray } from "./stray.js";

export interface EnvironmentParts {
  readonly addon: Addon;
  readonly api: RuntimeApi;
  readonly inherited: Readonly<Record<string, string>>;
  readonly stop: AbortSignal;
}

/** A life, and how it ends. */
interface Living {
  readonly life: Life;
  /** Rejects when nobody can say what of it still runs, or nobody wanted it. */
  readonly over: Promise<LifeResult>;
}

export class Environment {
  readonly #parts: EnvironmentParts;
  readonly #bootId: string;
  #init: GuestInit;
  #living: Living | null = null;
  /** Of the last life here: what is older is a late duplicate. */
  #last: BootEvent | null = null;

  private constructor(parts: EnvironmentParts, bootId: string) {
    this.#parts = parts;
    this.#bootId = bootId;
    this.#init = GuestInit.prepare(parts.addon, parts.inherited);
  }

  /** Rejects with what keeps guests from being started at all. */
  static async prepare(parts: EnvironmentParts, bootId: string): Promise<Environment> {
    parts.addon.becomeSubreaper();
    await rehearse(parts.addon);
    const environment = new Environment(parts, bootId);
    // A collection that begins by itself is cut off by the freeze, and goes on beside the boot.
    globalThis.gc?.();
    return environment;
  }

  /** Returns when told to stop. Rejects when the Runtime API stays away, or im-init was lost. */
  async serve(): Promise<void> {
    const { stop } = this.#parts;
    try {
      while (!stop.aborted) {
        const invocation = await this.#next();
        if (invocation === null) break;
        await this.#handle(invocation);
      }
      if (this.#living !== null) await this.#bury(this.#living);
    } finally {
      this.#living?.life.close();
      await this.#init.discard();
    }
  }

  /** A life that goes on without an invocation may end before the next one comes. */
  async #next(): Promise<Invocation | null> {
    const next = this.#parts.api.next();
    const living = this.#living;
    if (living === null) return next;
    const isOver = living.over.then(() => true);
    if (await Promise.race([isOver, next.then(() => false)])) await this.#bury(living);
    return next;
  }

  async #handle({ requestId, payload, deadlineMs }: Invocation): Promise<void> {
    const { api, stop } = this.#parts;
    const deadline = new Deadline(deadlineMs);
    let living: Living | null = null;
    try {
      const event = parseEvent(payload);
      living = await this.#find(event, deadline);
      const result = living === null ? notMeant(event) : await this.#attend(living, deadline);
      await api.respond(requestId, result);
      if (living === null) return;
      // The very next thing is to ask for the next invocation: whoever hears this invokes at once.
      if (result.result === "returned") living.life.returning();
      else await this.#bury(living);
    } catch (error) {
      report("invocation failed", { requestId, error: messageOf(error) });
      await api.fail(requestId, error);
      if (error instanceof ImError && error.code === "IM_ENVIRONMENT_LOST") throw error;
      if (living !== null && !stop.aborted) await this.#bury(living);
    } finally {
      deadline.forget();
    }
  }

  /** The life that the event is for; null: it is not for this environment. */
  async #find(event: InvocationEvent, deadline: Deadline): Promise<Living | null> {
    const { addon, stop } = this.#parts;
    const living = this.#living;
    const bearing = living?.life.bearingOf(event) ?? null;
    if (living !== null && bearing === "same") {
      living.life.continued();
      return living;
    }
    if (bearing === "stale" || this.#isOld(event)) return null;
    if (living !== null) await this.#giveWay(living);
    if (event.action === "continue") {
      await reportStray(event, { addon, bootId: this.#bootId, stop, near: deadline.near });
      return null;
    }
    if (!this.#init.running) await this.#replaceInit();
    return this.#begin(event);
  }

  /** Until the life is over, or the invocation has to be. */
  async #attend(living: Living, deadline: Deadline): Promise<LifeResult> {
    const first = await Promise.race([living.over, deadline.near, living.life.sleepWanted()]);
    if (first !== "near" && first !== "sleep") return first;
    if (living.life.asking) {
      // Nothing runs, and no supervisor is there: whoever comes invokes anew.
      living.life.fenceOff("the deadline came before an answer");
      return living.over;
    }
    const { incarnation } = living.life;
    return { result: "returned", incarnation, code: null, signal: null };
  }

  #begin(event: BootEvent): Living {
    const { addon, inherited, stop } = this.#parts;
    const parts = { addon, init: this.#init, bootId: this.#bootId, inherited, stop };
    const life = new Life(event, parts);
    const living = { life, over: life.run() };
    // What it rejects with is seen by whoever attends it; between two invocations that is `next`.
    living.over.catch(() => undefined);
    this.#living = living;
    this.#last = event;
    return living;
  }

  /** An event of a life before the last one that was here. */
  #isOld({ deployId, host, incarnation }: InvocationEvent): boolean {
    const last = this.#last;
    if (last === null || last.deployId !== deployId || last.host !== host) return false;
    return incarnation < last.incarnation;
  }

  /** The host lives elsewhere or anew: membership has given up the life that is here. */
  async #giveWay(living: Living): Promise<void> {
    living.life.fenceOff("the host lives another life");
    await living.over;
    await this.#bury(living);
  }

  /** When the life is over and a supervisor knows it; then the next one can begin. */
  async #bury(living: Living): Promise<void> {
    await living.over.catch(() => undefined);
    await living.life.leave();
    this.#living = null;
    if (!this.#parts.stop.aborted) await this.#replaceInit();
  }

  async #replaceInit(): Promise<void> {
    await this.#init.discard();
    this.#init = GuestInit.prepare(this.#parts.addon, this.#parts.inherited);
  }
}

function notMeant({ incarnation, host }: InvocationEvent): LifeResult {
  report("invocation refused", { host, incarnation });
  return { result: "refused", incarnation, code: null, signal: null };
}
