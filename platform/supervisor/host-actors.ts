/** What the host machine invokes: the world behind `transact` and `invoke`. */
import { fromPromise } from "xstate";
import { completeWish, decide } from "../lifecycle/decide.js";
import type { ContinueInput, TransactInput } from "../lifecycle/host-setup.js";
import type { HostRecord, WriteOutcome } from "../ports/membership.js";
import type { InvocationEvent } from "../protocol/environment.js";
import type { DeclaredHost } from "./declared-host.js";
import type { SupervisorContext } from "./supervisor-context.js";

/** A claim whose holder did nothing for this long may be taken over. */
export const leaseMs = 10_000;
/** A write that is not settled by then has failed. */
const writeDeadlineMs = 10_000;

export function hostActors(context: SupervisorContext, declared: DeclaredHost) {
  const { membership, cloud, random, reached } = context.ports;

  async function transact({ record, wish }: TransactInput): Promise<WriteOutcome> {
    const identity = {
      deployId: context.deployId,
      host: declared.name,
      operation: random.id(),
    };
    const claim = { owner: context.nodeId, claim: random.id(), leaseMs };
    const decision = decide(record, completeWish(wish, claim), identity);
    if (decision.type === "write") return membership.apply(decision.write, writeDeadlineMs);
    // What we believed forbids the write: find out what is true.
    return { result: "rejected", record: await membership.read(context.deployId, declared.name) };
  }

  async function stepping<T>(step: string, act: () => Promise<T>): Promise<T> {
    reached(`${step}.before`, declared.name);
    const result = await act();
    reached(`${step}.after`, declared.name);
    return result;
  }

  async function invoke(payload: InvocationEvent): Promise<void> {
    await cloud.invoke({
      functionName: declared.functionName,
      tenantId: declared.name,
      payload,
    });
  }

  return {
    transact: fromPromise<WriteOutcome, TransactInput>(({ input }) =>
      stepping(input.wish.type, () => transact(input)),
    ),
    invoke: fromPromise<void, { record: HostRecord | null }>(({ input }) =>
      stepping("invoke", () => invoke(declared.bootEvent(claimed(input.record)))),
    ),
    recall: fromPromise<void, ContinueInput>(({ input }) =>
      stepping("recall", () => invoke(declared.continueEvent(input))),
    ),
  };
}

/** The life that the record's claim is for. */
function claimed(record: HostRecord | null) {
  if (record === null || record.claim === null) throw new Error("invoked without a claim");
  return { incarnation: record.incarnation, claim: record.claim };
}
