/**
 * Walks the code of a boot a few times with nothing at stake: the first connect after the start of
 * a daemon waited twice as long as the next, for code to be compiled and schemas to be built.
 */
import { createActor, fromPromise, waitFor } from "xstate";
import type { TransactInput } from "../lifecycle/host-setup.js";
import { hostMachine } from "../lifecycle/machine.js";
import type { HostRecord, RecordWrite, WriteOutcome } from "../ports/membership.js";
import type { SupervisorPorts } from "./supervisor-context.js";

const rounds = 5;
const deadlineMs = 2_000;
const name = "rehearsal";

/** Rejects where the store does: without a rehearsal a first boot is slower, and nothing else. */
export async function rehearseBoot(
  ports: Pick<SupervisorPorts, "membership" | "random">,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const operation = ports.random.id();
    // No such claim was ever made: the store refuses, and nothing is written.
    const refused: RecordWrite = {
      ...{ kind: "register", deployId: name, host: name, operation, owner: name },
      expected: { incarnation: 1, claim: name },
    };
    await ports.membership.apply(refused, deadlineMs);
    await rehearseLife();
  }
}

/** From a wake to the open gate, with a world that says yes. */
async function rehearseLife(): Promise<void> {
  const transact = fromPromise<WriteOutcome, TransactInput>(async ({ input }) => ({
    result: "applied",
    record: { ...allocated, state: input.wish.type === "claim" ? "allocating" : "running" },
  }));
  const invoke = fromPromise<void, { record: HostRecord | null }>(async () => undefined);
  const actor = createActor(hostMachine.provide({ actors: { transact, invoke } }), {
    input: { record: null, lastEnvironment: null, adopting: null, settings },
  });
  actor.subscribe(() => undefined);
  actor.start();
  const cause = { signal: "wake", by: name, port: null, atMs: 0, startedMs: 0 } as const;
  actor.send({ type: "wake.requested", cause });
  await waitFor(actor, (snapshot) => snapshot.matches({ life: { allocating: "booting" } }));
  const life = { incarnation: 1, claim: name, bootId: name };
  actor.send({ type: "environment.started", ...life });
  await waitFor(actor, (snapshot) => snapshot.matches({ life: { allocating: "starting" } }));
  actor.stop();
}

const settings = {
  host: name,
  nodeId: name,
  ready: "listen",
  bootTimeoutMs: deadlineMs,
  stopGraceMs: deadlineMs,
  terminateAfterMs: null,
  shared: false,
} as const;

const allocated: HostRecord = {
  ...{ deployId: name, host: name, incarnation: 1, version: 1, operation: name, attempt: 1 },
  ...{
    state: "allocating",
    owner: name,
    node: name,
    claim: name,
    leaseMs: 0,
    memory: null,
    failure: null,
  },
};
