/** Types, guards and actions of the host machine: all pure, all data. */
import { assign, emit, fromPromise, setup } from "xstate";
import type { HostRecord, WriteOutcome } from "../ports/membership.js";
import { backOffMs, claimable } from "./decide.js";
import type { HostEffect, HostEvent } from "./events.js";
import {
  bootTimedOut,
  completes,
  environmentLost,
  failureAfterReady,
  failureBeforeReady,
  freshActivation,
  type HostContext,
  type HostSettings,
  heldElsewhere,
} from "./host-context.js";

export type TransactWish =
  | { readonly type: "claim" }
  | { readonly type: "release" }
  | { readonly type: "register"; readonly owner: string }
  | { readonly type: "fail"; readonly code: string; readonly message: string };

export interface TransactInput {
  readonly record: HostRecord | null;
  readonly wish: TransactWish;
}

/** Guests that were asked to end and did not prove it are asked again after this much more. */
const endProofMs = 5_000;
const rejectionsMax = 3;

const unprovided = () => Promise.reject(new Error("the supervisor provides this actor"));

export const hostSetup = setup({
  types: {
    context: {} as HostContext,
    events: {} as HostEvent,
    input: {} as {
      settings: HostSettings;
      record: HostRecord | null;
      lastEnvironment: string | null;
    },
    emitted: {} as HostEffect,
  },
  actors: {
    /** Decides and applies one conditional write; rejects with an error of the store. */
    transact: fromPromise<WriteOutcome, TransactInput>(unprovided),
    /** Invokes the host's function for the claim that the record holds. */
    invoke: fromPromise<void, { record: HostRecord | null }>(unprovided),
  },
  delays: {
    bootTimeout: ({ context }) => context.settings.bootTimeoutMs,
    endProof: ({ context }) => context.settings.stopGraceMs + endProofMs,
    backOff: ({ context }) => backOffMs(context.record?.failure?.count ?? 1),
  },
  guards: {
    /** Facts about another life change nothing. */
    current: ({ context, event }) =>
      "incarnation" in event &&
      event.incarnation === context.record?.incarnation &&
      !claimable(context.record),
    claimed: ({ context, event }) =>
      event.type === "environment.started" &&
      context.record?.state === "allocating" &&
      event.incarnation === context.record.incarnation &&
      event.claim === context.record.claim,
    ready: ({ context }) =>
      context.settings.ready === "exec" ? context.guestStarted : context.guestReady,
    /** A command that was to run, not to listen, did so and ended well. */
    completes: ({ context, event }) =>
      completes(context.settings, event) &&
      "incarnation" in event &&
      event.incarnation === context.record?.incarnation,
    completed: ({ context }) => context.environment === null && context.failure === null,
    /** Somebody who asks for the host by name does not wait out a back-off. */
    byHand: ({ event }) => event.type === "wake.requested" && event.cause.signal === "wake",
    stopping: ({ context }) => context.stopping,
    timedOut: ({ context }) => context.timedOut,
    /** No environment that could still run guests. */
    ashore: ({ context }) => context.environment === null,
    claimableAgain: ({ context }) =>
      claimable(context.record) && context.rejections < rejectionsMax,
    /** The record is held in our name, by an attempt whose end was never written down. */
    leftBehind: ({ context }) =>
      context.record?.owner !== null &&
      (context.record?.owner === context.settings.nodeId ||
        context.record?.owner === context.lastEnvironment) &&
      context.rejections < rejectionsMax,
  },
  actions: {
    refuseEvent: emit(({ event, self }) => ({
      type: "event.refused" as const,
      event: event.type,
      state: JSON.stringify(self.getSnapshot().value),
    })),
    takeCause: assign(({ event }) => ("cause" in event ? { cause: event.cause } : {})),
    boardEnvironment: assign(({ event }) =>
      event.type === "environment.started"
        ? { environment: event.bootId, lastEnvironment: event.bootId }
        : {},
    ),
    leaveEnvironment: assign({ environment: null }),
    noteStopping: assign({ stopping: true }),
    noteStarted: assign({ guestStarted: true }),
    noteReady: assign({ guestReady: true }),
    noteTimeout: assign({ timedOut: true }),
    failTimedOut: assign(({ context }) => ({ failure: bootTimedOut(context.settings) })),
    failHeldElsewhere: assign(({ context }) => ({ failure: heldElsewhere(context.record) })),
    failBeforeReady: assign(({ context, event }) => ({
      failure: completes(context.settings, event) ? null : failureBeforeReady(event),
    })),
    failAfterReady: assign(({ event }) => ({ failure: failureAfterReady(event) })),
    terminateGuest: emit(({ context }) => ({
      type: "guest.terminated" as const,
      graceMs: context.settings.stopGraceMs,
    })),
    killGuest: emit({ type: "guest.terminated" as const, graceMs: 0 }),
    refuseConnects: emit(({ context }) => ({
      type: "connects.refused" as const,
      failure: context.failure ?? environmentLost,
    })),
    watchPlaceholders: emit({ type: "placeholders.watched" as const }),
    acceptEnvironment: emit({ type: "environment.accepted" as const }),
    openGate: emit({ type: "gate.opened" as const }),
    admitConnects: emit({ type: "connects.admitted" as const }),
    rest: assign({ ...freshActivation }),
    forgetFailure: assign({ failure: null }),
  },
});
