/**
 * The environment: takes one invocation after the other and lives the lives that they ask for.
 * An im-init stands ready before each `next`.
 */
import { nanoid } from "nanoid";
import { ImError } from "../platform/errors/im-error.js";
import { type BootEvent, bootEvent } from "../platform/protocol/environment.js";
import type { Addon } from "../shim/index.js";
import { GuestInit } from "./guest-init.js";
import { Life, type LifeResult } from "./life.js";
import { rehearse } from "./rehearsal.js";
import { messageOf, report } from "./report.js";
import type { Invocation, RuntimeApi } from "./runtime-api.js";

export interface EnvironmentParts {
  readonly addon: Addon;
  readonly api: RuntimeApi;
  readonly inherited: Readonly<Record<string, string>>;
  readonly stop: AbortSignal;
}

export class Environment {
  readonly #parts: EnvironmentParts;
  readonly #bootId = nanoid();
  #init: GuestInit;

  private constructor(parts: EnvironmentParts) {
    this.#parts = parts;
    this.#init = GuestInit.prepare(parts.addon, parts.inherited);
  }

  /** Rejects with what keeps guests from being started at all. */
  static async prepare(parts: EnvironmentParts): Promise<Environment> {
    await rehearse(parts.addon);
    return new Environment(parts);
  }

  /** Returns when told to stop. Rejects when the Runtime API stays away, or im-init was lost. */
  async serve(): Promise<void> {
    const { api, stop } = this.#parts;
    try {
      while (!stop.aborted) {
        const invocation = await api.next();
        if (invocation === null) return;
        await this.#handle(invocation);
      }
    } finally {
      await this.#init.discard();
    }
  }

  async #handle({ requestId, payload }: Invocation): Promise<void> {
    const { api, stop } = this.#parts;
    let life: Life | null = null;
    let result: LifeResult;
    try {
      const event = parseEvent(payload);
      if (!this.#init.running) await this.#replaceInit();
      life = this.#life(event);
      result = await life.run();
    } catch (error) {
      life?.close();
      report("invocation failed", { requestId, error: messageOf(error) });
      await api.fail(requestId, error);
      if (error instanceof ImError && error.code === "IM_ENVIRONMENT_LOST") throw error;
      if (life !== null && !stop.aborted) await this.#replaceInit();
      return;
    }
    try {
      await api.respond(requestId, result);
      await life.leave();
    } finally {
      life.close();
    }
    if (!stop.aborted) await this.#replaceInit();
  }

  #life(event: BootEvent): Life {
    const { addon, inherited, stop } = this.#parts;
    return new Life(event, { addon, init: this.#init, bootId: this.#bootId, inherited, stop });
  }

  async #replaceInit(): Promise<void> {
    await this.#init.discard();
    this.#init = GuestInit.prepare(this.#parts.addon, this.#parts.inherited);
  }
}

/** An error says which key is wrong, never a value: the event holds the guest's variables. */
function parseEvent(payload: string): BootEvent {
  let document: unknown;
  try {
    document = JSON.parse(payload);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ImError("IM_INTERNAL", { what: "the event is not JSON" });
  }
  const parsed = bootEvent.safeParse(document);
  if (parsed.success) return parsed.data;
  const keys = parsed.error.issues.map((issue) => issue.path.slice(0, 2).join(".") || "event");
  throw new ImError("IM_INTERNAL", { what: `the event is not a boot event: ${keys.join(", ")}` });
}
