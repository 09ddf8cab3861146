/**
 * What a supervisor has to know before it can judge the lives that an earlier one left: it is asked
 * for until the store answers. What environments say until then is kept.
 */
import { ImError } from "../errors/im-error.js";
import { backOffMs } from "../membership/back-off.js";
import type { TimerHandle } from "../ports/clock.js";
import type { HostRecord } from "../ports/membership.js";
import type { Peer } from "../ports/processes.js";
import type { EnvironmentMessage } from "../protocol/environment.js";
import type { EnvironmentReport } from "./host-environment.js";
import type { SupervisorPorts } from "./supervisor-context.js";

/** Each attempt is itself repeated for ten seconds. */
const range = { firstMs: 500, longestMs: 5_000 };

interface Heard {
  readonly report: EnvironmentReport;
  readonly more: EnvironmentMessage[];
}

export class FirstRead {
  readonly #ports: SupervisorPorts;
  readonly #heard = new Map<Peer, Heard>();
  #failure: ImError | null = null;
  #pausing: { readonly timer: TimerHandle; readonly goOn: () => void } | null = null;
  #ended = false;

  constructor(ports: SupervisorPorts) {
    this.#ports = ports;
  }

  /** Why it lasts. */
  get refusal(): ImError {
    const what = "what the store knows of the deployment has not been read yet";
    const received = this.#failure?.message ?? "no answer so far";
    const cause = this.#failure === null ? {} : { cause: this.#failure };
    return new ImError("IM_STORE_FAILED", { what, received, ...cause });
  }

  /** `onRead` is called once, unless it is ended before. Rejects with what no store says. */
  async run(deployId: string, onRead: (records: readonly HostRecord[]) => void): Promise<void> {
    for (let round = 0; !this.#ended; round += 1) {
      const records = await this.#attempt(deployId);
      if (this.#ended) return;
      if (records !== null) {
        onRead(records);
        return;
      }
      await this.#pause(round);
    }
  }

  end(): void {
    this.#ended = true;
    if (this.#pausing === null) return;
    this.#ports.clock.clearTimeout(this.#pausing.timer);
    this.#pausing.goOn();
  }

  /** The first message of an environment. */
  report(peer: Peer, report: EnvironmentReport): void {
    this.#heard.set(peer, { report, more: [] });
  }

  message(peer: Peer, message: EnvironmentMessage): void {
    this.#heard.get(peer)?.more.push(message);
  }

  forget(peer: Peer): void {
    this.#heard.delete(peer);
  }

  /** In the order in which the environments came. */
  replay(hear: (peer: Peer, heard: Heard) => void): void {
    for (const [peer, heard] of this.#heard) hear(peer, heard);
    this.#heard.clear();
  }

  /** null: the store is away. */
  async #attempt(deployId: string): Promise<readonly HostRecord[] | null> {
    const { membership, log } = this.#ports;
    try {
      return await membership.list(deployId);
    } catch (error) {
      if (!(error instanceof ImError)) throw error;
      this.#failure = error;
      log.warn({ err: error }, "the store is away; it is asked again");
      return null;
    }
  }

  #pause(round: number): Promise<void> {
    const { clock, random } = this.#ports;
    return new Promise((goOn) => {
      const timer = clock.setTimeout(goOn, backOffMs(round, range, random));
      this.#pausing = { timer, goOn };
    });
  }
}
