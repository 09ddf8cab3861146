/**
 * Holds a store against its twin in memory: the same steps on both, and after each of them the same
 * outcomes and items.
 */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { nanoid } from "nanoid";
import type { Membership, RecordWrite, WriteOutcome } from "../../platform/ports/membership.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { deadlineMs } from "../membership/world.js";
import { NodeBeliefs } from "./node-beliefs.js";
import { byHost, explain, type OpenTwin } from "./racing-writes.js";
import {
  type Decision,
  type HostName,
  histories,
  hosts,
  type NodeName,
  type Repetition,
  type Step,
} from "./store-steps.js";

/** Throws the shortest history found on which they differ, and what was said in it. */
export async function holdAgainstTwin(
  store: Membership,
  parameters: { readonly numRuns: number; readonly seed?: number },
  openTwin: OpenTwin = (records) => new MemoryMembership(records),
): Promise<void> {
  const property = fc.asyncProperty(histories, async (steps) => {
    const history = new StoreHistory(store, openTwin);
    for (const step of steps) await history.take(step);
    await history.take({ act: "list" });
  });
  await fc.assert(property, { ...parameters, includeErrorInReport: true });
}

interface Sent {
  readonly node: NodeName;
  readonly host: HostName;
  readonly write: RecordWrite;
}

class StoreHistory {
  readonly #store: Membership;
  readonly #openTwin: OpenTwin;
  readonly #deployId = nanoid();
  readonly #beliefs = new NodeBeliefs(this.#deployId);
  readonly #sent: Sent[] = [];
  readonly #trace: string[] = [];
  #twin: Membership;

  constructor(store: Membership, openTwin: OpenTwin) {
    this.#store = store;
    this.#openTwin = openTwin;
    this.#twin = openTwin([]);
  }

  async take(step: Step): Promise<void> {
    switch (step.act) {
      case "look":
        return this.#look(step.node, step.host);
      case "list": {
        const records = byHost(await this.#store.list(this.#deployId));
        return this.#compare("a list", records, byHost(await this.#twin.list(this.#deployId)));
      }
      case "send":
        return this.#send(step.writes);
      default:
        return step satisfies never;
    }
  }

  async #look(node: NodeName, host: HostName): Promise<void> {
    const record = await this.#store.read(this.#deployId, host);
    this.#beliefs.see(node, host, record);
    const expected = await this.#twin.read(this.#deployId, host);
    this.#compare(`${node} looks at ${host}`, record, expected);
  }

  async #send(steps: readonly (Decision | Repetition)[]): Promise<void> {
    const batch: Sent[] = [];
    for (const step of steps) batch.push(...(await this.#sending(step)));
    this.#sent.push(...batch);
    const outcomes = await Promise.all(
      batch.map(({ write }) => this.#store.apply(write, deadlineMs)),
    );
    for (const [index, { node, host }] of batch.entries()) {
      this.#beliefs.see(node, host, outcomes[index]?.record ?? null);
    }
    if (batch.length > 1) return this.#race(batch, outcomes);
    for (const sent of batch) {
      const expected = await this.#twin.apply(sent.write, deadlineMs);
      this.#compare(titleOf(sent), outcomes[0], expected);
    }
  }

  /** None, where a repetition has nothing to repeat. */
  async #sending(step: Decision | Repetition): Promise<readonly Sent[]> {
    if (step.act === "again") {
      const index = this.#sent.length - 1 - (step.back % Math.max(1, this.#sent.length));
      return this.#sent.slice(index, index + 1);
    }
    const { node, host } = step;
    const present = await this.#twin.read(this.#deployId, host);
    return [{ node, host, write: this.#beliefs.write(step, present) }];
  }

  async #race(batch: readonly Sent[], outcomes: readonly WriteOutcome[]): Promise<void> {
    const deployId = this.#deployId;
    const before = await this.#twin.list(deployId);
    const reads = hosts.map((host) => this.#store.read(deployId, host));
    const after = (await Promise.all(reads)).filter((record) => record !== null);
    const writes = batch.map(({ write }) => write);
    const race = { deployId, before, writes, outcomes, after };
    const twin = await explain(race, this.#openTwin);
    const title = `at once ${batch.map(titleOf).join(" and ")}`;
    this.#compare(title, { outcomes, after }, twin === null ? "no order" : { outcomes, after });
    this.#twin = twin ?? this.#twin;
  }

  #compare(title: string, told: unknown, expected: unknown): void {
    this.#trace.push(`${title}: ${JSON.stringify(told)}`);
    if (isDeepStrictEqual(told, expected)) return;
    const lines = this.#trace.map((line, index) => `${index + 1}. ${line}`);
    throw new Error(`${lines.join("\n")}\ntwin: ${JSON.stringify(expected)}`);
  }
}

function titleOf({ node, write: { deployId: _, kind, host, operation, ...rest } }: Sent): string {
  return `${node} writes ${kind} of ${host} (${operation}, ${JSON.stringify(rest)})`;
}
