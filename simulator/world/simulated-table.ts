/**
 * The membership table as one node reaches it: a table in memory behind a network and a service
 * that lose, repeat, delay and refuse requests. One attempt each; what repeats and settles them is
 * the platform's own `SettlingMembership`.
 */
import type { Page, RecordTable } from "../../platform/membership/settling-membership.js";
import type { HostRecord, RecordWrite } from "../../platform/ports/membership.js";
import type { MemoryMembership } from "../dynamodb/memory-membership.js";
import type { Decision, FaultPlan, Odds } from "./fault-plan.js";
import type { Network } from "./network.js";
import type { Stage } from "./stage.js";
import type { Timeline } from "./timeline.js";

export interface TableWorld {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly faults: FaultPlan;
  /** Of every write that reaches the table, applied or not; `by` a node's name. */
  readonly read: () => void;
  readonly written: (by: string, write: RecordWrite, record: HostRecord | null) => void;
}

/** Of one attempt; the SDK gives up then, and the caller repeats. */
const requestMs = 2_000;

const odds: Odds = {
  "request lost": 0.003,
  "answer lost": 0.006,
  throttled: 0.006,
  "server error": 0.004,
  "request repeated": 0.006,
  "request late": 0.006,
  "answer slow": 0.01,
};

export class SimulatedTable implements RecordTable<never> {
  readonly #world: TableWorld;
  readonly #records: MemoryMembership;
  readonly #node: string;
  readonly #stage: Stage;

  /** `stage`: of the process that asks; answers that come after its end reach nobody. */
  constructor(world: TableWorld, records: MemoryMembership, node: string, stage: Stage) {
    this.#world = world;
    this.#records = records;
    this.#node = node;
    this.#stage = stage;
  }

  update(write: RecordWrite, signal: AbortSignal): Promise<HostRecord | null> {
    return this.#request("write", signal, () => {
      const record = this.#records.update(write);
      this.#world.written(this.#node, write, record);
      return record;
    });
  }

  get(deployId: string, host: string, signal: AbortSignal): Promise<HostRecord | null> {
    return this.#request("read", signal, () => {
      this.#world.read();
      return this.#records.at(deployId, host);
    });
  }

  page(deployId: string, _from: undefined, signal: AbortSignal): Promise<Page<never>> {
    return this.#request("read", signal, () => ({
      records: this.#records.all(deployId),
      next: undefined,
    }));
  }

  #request<T>(kind: "read" | "write", signal: AbortSignal, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // The process that was to send it is gone.
      if (this.#stage.ended) return;
      const { timeline, network, faults } = this.#world;
      const timeout = this.#stage.after(requestMs, () => reject(named("TimeoutError")));
      const settle = (act: () => void) =>
        this.#stage.deliver(() => {
          this.#stage.cancel(timeout);
          act();
        });
      signal.addEventListener("abort", () => settle(() => reject(named("AbortError"))));
      const decision = faults.decide(`store/${this.#node}/${kind}`, odds);
      const refusal = refusalOf(decision);
      timeline.after(this.#wayThere(decision), () => {
        if (!network.passes(this.#node, "store") || decision?.kind === "request lost") return;
        const answer = answerOf(refusal, work);
        if (decision?.kind === "request repeated") timeline.after(late(decision), work);
        if (!network.passes("store", this.#node) || decision?.kind === "answer lost") return;
        timeline.after(this.#wayBack(decision), () =>
          settle(() => ("error" in answer ? reject(answer.error) : resolve(answer.result))),
        );
      });
    });
  }

  #wayThere(decision: Decision | null): number {
    if (decision?.kind === "request late") return late(decision);
    return this.#world.network.latencyMs();
  }

  #wayBack(decision: Decision | null): number {
    if (decision?.kind === "answer slow") return decision.size * 1.5 * requestMs;
    return this.#world.network.latencyMs();
  }
}

/** A copy that was held up on its way: seconds mostly, half a minute at most. */
function late({ size }: Decision): number {
  return 100 + size ** 3 * 30_000;
}

function refusalOf(decision: Decision | null): Error | null {
  if (decision?.kind === "throttled") return named("ThrottlingException", 400);
  if (decision?.kind === "server error") return named("InternalServerError", 500);
  return null;
}

function answerOf<T>(refusal: Error | null, work: () => T): { result: T } | { error: Error } {
  return refusal === null ? { result: work() } : { error: refusal };
}

/** As the SDK has them. */
function named(name: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
}
