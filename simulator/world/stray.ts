/** An event to continue a life came to an environment that does not have it. */
import type { ContinueEvent, SupervisorMessage } from "../../platform/protocol/environment.js";
import type { LifeWorld } from "./life.js";
import type { Link, LinkEnd } from "./link.js";
import type { Stage } from "./stage.js";

/** As `reportStray` has it. */
const holdMs = 5_000;

export class Stray implements LinkEnd {
  readonly pid: number;
  readonly stage: Stage;
  readonly #link: Link | null;
  readonly #onEnd: () => void;
  #isOver = false;

  constructor(
    event: ContinueEvent,
    world: Pick<LifeWorld, "pid" | "stage" | "connect">,
    bootId: string,
    onEnd: () => void,
  ) {
    this.pid = world.pid;
    this.stage = world.stage;
    this.#onEnd = onEnd;
    this.#link = world.connect(this);
    const { deployId, host, incarnation } = event;
    this.#link?.say({ type: "environment.misdirected", deployId, host, incarnation, bootId });
    world.stage.after(this.#link === null ? 0 : holdMs, () => this.end());
  }

  message(_message: SupervisorMessage): void {
    this.end();
  }

  hungUp(): void {
    this.end();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link?.leave();
    this.#onEnd();
  }
}
