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
import { follow } from "./follow.js";
import type { HostWorld } from "./host-actor.js";
import type { HostActorContext } from "./supervisor-context.js";

/** A claim whose holder did nothing for this long may be taken over. */
export const leaseMs = 10_000;
/** A write that is not settled by then has failed. */
const writeDeadlineMs = 10_000;

/** `worldOf`: whose actor system it is that asks. */
export function hostActors(worldOf: (system: AnyActorRef["system"]) => HostWorld) {
  async function stepping<T>(
    step: string,
    system: AnyActorRef["system"],
    act: (world: HostWorld) => Promise<T>,
  ): Promise<T> {
    const world = worldOf(system);
    const { reached } = world.context.ports;
    reached(`${step}.before`, world.declared.name);
    const result = await act(world);
    reached(`${step}.after`, world.declared.name);
    return result;
  }

  return {
    transact: fromPromise<WriteOutcome, TransactInput>(({ input, system }) =>
      stepping(input.wish.type, system, (world) => transact(world, input)),
    ),
    invoke: fromPromise<void, { record: HostRecord | null }>(({ input, system }) =>
      stepping("invoke", system, (world) =>
        invoke(world, world.declared.bootEvent(claimed(input.record))),
      ),
    ),
    follow: fromPromise<Followed, FollowInput>(({ input, system, signal }) => {
      const { context, declared } = worldOf(system);
      const { clock, random, membership } = context.ports;
      return follow(input, {
        ...{ clock, random, signal, nodeId: context.nodeId },
        ...{ host: declared.name, sightings: context.sightings },
        read: () => membership.read(context.deployId, declared.name),
      });
    }),
    recall: fromPromise<void, ContinueInput>(({ input, system }) =>
      stepping("recall", system, (world) => invoke(world, world.declared.continueEvent(input))),
    ),
  };
}

async function invoke({ context, declared }: HostWorld, payload: InvocationEvent): Promise<void> {
  const { functionName, name: tenantId } = declared;
  await context.ports.cloud.invoke({ functionName, tenantId, payload });
}

/** Decides what a wish calls for, and applies it. */
async function transact(
  { context, declared: { name: host } }: HostWorld,
  { record, wish }: TransactInput,
): Promise<WriteOutcome> {
  const { membership, random } = context.ports;
  const identity = { deployId: context.deployId, host, operation: random.id() };
  const claim = { owner: context.nodeId, claim: random.id(), leaseMs };
  const decision = decide(record, completeWish(wish, claim), identity);
  if (decision.type === "write") return sent(context, decision.write);
  // What we believed forbids the write: find out what is true.
  return { result: "rejected", record: await membership.read(context.deployId, host) };
}

async function sent(context: HostActorContext, write: RecordWrite): Promise<WriteOutcome> {
  const { clock, membership } = context.ports;
  const moment = { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
  const outcome = await membership.apply(write, writeDeadlineMs);
  if (outcome.result === "applied") context.sentAt.set(outcome.record, moment);
  return outcome;
}

/** The life that the record's claim is for. */
function claimed(record: HostRecord | null) {
  if (record === null || record.claim === null) throw new Error("invoked without a claim");
  return { incarnation: record.incarnation, claim: record.claim };
}
