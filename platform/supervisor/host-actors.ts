/** What the host machine invokes: the world behind `transact` and `invoke`. */
import { type AnyActorRef, fromPromise } from "xstate";
import { completeWish, decide } from "../lifecycle/decide.js";
import type {
  ContinueInput,
  Followed,
  FollowInput,
  TransactInput,
} from "../lifecycle/host-setup.js";
import type { HostRecord, RecordWrite, WriteOutcome } from "../ports/membership.js";
import type { InvocationEvent } from "../protocol/environment.js";
import type { DeclaredHost } from "./declared-host.js";
import { follow } from "./follow.js";
import type { HostActorContext } from "./supervisor-context.js";

/** A claim whose holder did nothing for this long may be taken over. */
export const leaseMs = 10_000;
/** A write that is not settled by then has failed. */
const writeDeadlineMs = 10_000;

/** `hostOf`: whose actor system it is that asks. */
export function hostActors(
  context: HostActorContext,
  hostOf: (system: AnyActorRef["system"]) => DeclaredHost,
) {
  const { clock, membership, cloud, random, reached } = context.ports;

  const transact = transacting(context);

  async function stepping<T>(
    step: string,
    system: AnyActorRef["system"],
    act: (host: DeclaredHost) => Promise<T>,
  ): Promise<T> {
    const host = hostOf(system);
    reached(`${step}.before`, host.name);
    const result = await act(host);
    reached(`${step}.after`, host.name);
    return result;
  }

  async function invoke(
    { functionName, name: tenantId }: DeclaredHost,
    payload: InvocationEvent,
  ): Promise<void> {
    await cloud.invoke({ functionName, tenantId, payload });
  }

  return {
    transact: fromPromise<WriteOutcome, TransactInput>(({ input, system }) =>
      stepping(input.wish.type, system, (host) => transact(host, input)),
    ),
    invoke: fromPromise<void, { record: HostRecord | null }>(({ input, system }) =>
      stepping("invoke", system, (host) => invoke(host, host.bootEvent(claimed(input.record)))),
    ),
    follow: fromPromise<Followed, FollowInput>(({ input, system, signal }) =>
      follow(input, {
        ...{ clock, random, signal, nodeId: context.nodeId },
        ...{ host: hostOf(system).name, sightings: context.sightings },
        read: () => membership.read(context.deployId, hostOf(system).name),
      }),
    ),
    recall: fromPromise<void, ContinueInput>(({ input, system }) =>
      stepping("recall", system, (host) => invoke(host, host.continueEvent(input))),
    ),
  };
}

/** Decides what a wish calls for, and applies it. */
function transacting(context: HostActorContext) {
  const { clock, membership, random } = context.ports;

  async function transact(
    { name: host }: DeclaredHost,
    { record, wish }: TransactInput,
  ): Promise<WriteOutcome> {
    const identity = { deployId: context.deployId, host, operation: random.id() };
    const claim = { owner: context.nodeId, claim: random.id(), leaseMs };
    const decision = decide(record, completeWish(wish, claim), identity);
    if (decision.type === "write") return sent(decision.write);
    // What we believed forbids the write: find out what is true.
    return { result: "rejected", record: await membership.read(context.deployId, host) };
  }

  async function sent(write: RecordWrite): Promise<WriteOutcome> {
    const moment = { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    const outcome = await membership.apply(write, writeDeadlineMs);
    if (outcome.result === "applied") context.sentAt.set(outcome.record, moment);
    return outcome;
  }

  return transact;
}

/** The life that the record's claim is for. */
function claimed(record: HostRecord | null) {
  if (record === null || record.claim === null) throw new Error("invoked without a claim");
  return { incarnation: record.incarnation, claim: record.claim };
}
