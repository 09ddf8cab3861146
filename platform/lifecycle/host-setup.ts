/** Types, guards and actions of the host machine: all pure, all data. */
import { assign, emit, fromPromise, setup } from "xstate";
import type { HostRecord, WriteOutcome } from "../ports/membership.js";
import { asleep, claimable, isElsewhere, type TransactWish } from "./decide.js";
import { delays } from "./delays.js";
import type { HostEffect, HostEvent } from "./events.js";
import {
  type Adopting,
  bootTimedOut,
  completes,
  environmentGone,
  environmentLost,
  expired,
  failureAfterReady,
  failureBeforeReady,
  freshActivation,
  type HostContext,
  type HostSettings,
  heldElsewhere,
  isCrash,
  isExpiring,
  notContinued,
  notReached,
  type Verdict,
} from "./host-context.js";
import { beingResumed } from "./written.js";

export interface ContinueInput {
  readonly incarnation: number;
  /** Boot id of the environment that is meant. */
  readonly memory: string;
}

export interface TransactInput {
  readonly record: HostRecord | null;
  readonly wish: TransactWish;
}

export interface FollowInput {
  readonly record: HostRecord | null;
  /** That node was not to be reached. */
  readonly unreachable: boolean;
}

export interface Followed {
  readonly record: HostRecord | null;
  readonly verdict: Verdict;
}

const rejectionsMax = 3;
const routesLostMax = 5;

const unprovided = () => Promise.reject(new Error("the supervisor provides this actor"));

export const hostSetup = setup({
  types: {
    context: {} as HostContext,
    events: {} as HostEvent,
    input: {} as {
      settings: HostSettings;
      record: HostRecord | null;
      lastEnvironment: string | null;
      adopting: Adopting;
    },
    emitted: {} as HostEffect,
  },
  actors: {
    /** Decides and applies one conditional write; rejects with an error of the store. */
    transact: fromPromise<WriteOutcome, TransactInput>(unprovided),
    /** Invokes the host's function for the claim that the record holds. */
    invoke: fromPromise<void, { record: HostRecord | null }>(unprovided),
    /** Waits for what becomes of a host that another node has. */
    follow: fromPromise<Followed, FollowInput>(unprovided),
    /** Invokes it for a life that goes on. */
    recall: fromPromise<void, ContinueInput>(unprovided),
  },
  delays,
  guards: {
    /** Facts about another life change nothing. */
    current: ({ context, event }) =>
      "incarnation" in event &&
      event.incarnation === context.record?.incarnation &&
      (!claimable(context.record) || asleep(context.record)),
    claimed: ({ context, event }) =>
      event.type === "environment.started" &&
      context.record?.state === "allocating" &&
      event.incarnation === context.record.incarnation &&
      event.claim === context.record.claim,
    /** The environment of an open claim, accepted by a supervisor that then died. */
    claimedBefore: ({ context, event }) =>
      event.type === "environment.resumed" &&
      context.record?.state === "allocating" &&
      event.incarnation === context.record.incarnation,
    /** The environment that membership says the host lives in. */
    owned: ({ context, event }) =>
      (event.type === "environment.resumed" || event.type === "environment.started") &&
      context.record?.state === "running" &&
      event.incarnation === context.record.incarnation &&
      event.bootId === context.record.owner,
    /** The supervisor died in the middle of its boot. */
    unready: ({ event }) => event.type === "environment.resumed" && !event.ready,
    /** Before any supervisor has accepted it. */
    neverBoarded: ({ context, event }) =>
      event.type === "environment.started" && context.environment === null,
    /** The environment that has the memory of a life that sleeps, or is being woken. */
    remembered: ({ context, event }) =>
      event.type === "environment.resumed" &&
      context.record !== null &&
      event.incarnation === context.record.incarnation &&
      event.bootId === context.record.memory,
    leftAsleep: ({ context }) => context.adopting !== null && asleep(context.record),
    /** A life that was being woken: its environment may have been invoked already. */
    leftResuming: ({ context }) =>
      context.adopting !== null &&
      context.record !== null &&
      beingResumed(context.record, context.record.memory, context.settings.nodeId) &&
      context.record.memory !== null,
    /** Nobody could be let through to it, nor its sockets be handed on: another life is better. */
    leftWithoutSockets: ({ context }) =>
      context.adopting === "lost" && context.record?.state === "running",
    leftRunning: ({ context }) => context.adopting !== null && context.record?.state === "running",
    /** A claim of this node whose event the cloud has: an environment may have been accepted. */
    leftInvoked: ({ context }) =>
      context.adopting === "invoked" &&
      context.record?.state === "allocating" &&
      context.record.owner === context.settings.nodeId,
    leftAllocating: ({ context }) =>
      context.adopting !== null &&
      context.record?.state === "allocating" &&
      context.record.claim !== null &&
      context.record.owner === context.settings.nodeId,
    crashedAgain: ({ context, event }) =>
      context.crashes > 0 && isCrash(event) && event.incarnation === context.record?.incarnation,
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
    expiring: ({ context }) => isExpiring(context),
    /** And nothing of this boot can run: the guest of one that was taken up may. */
    stoppingUnstarted: ({ context }) => context.stopping && context.adopting !== "invoked",
    timedOut: ({ context }) => context.timedOut,
    /** No environment that could still run guests. */
    ashore: ({ context }) => context.environment === null,
    /** And none that is looked for. */
    gone: ({ context }) => context.environment === null && !context.seeking,
    /** Returned, and to stay so. */
    sleeping: ({ context }) => context.environment !== null && !context.invoked && context.asleep,
    wanted: ({ context }) => context.environment !== null && !context.invoked && !context.asleep,
    currentAsleep: ({ context, event }) =>
      event.type === "environment.returning" &&
      event.incarnation === context.record?.incarnation &&
      context.asleep,
    needed: ({ context }) => context.needed || context.stopping,
    frozen: ({ context }) => context.frozen,
    terminates: ({ context }) => context.settings.terminateAfterMs !== null,
    invoked: ({ context }) => context.environment !== null && context.invoked,
    returned: ({ context }) => context.environment !== null && !context.invoked,
    seeking: ({ context }) => context.seeking,
    /** No life that an invocation would be for. */
    unneeded: ({ context }) => context.environment === null && !context.seeking,
    abandoned: ({ context }) => context.abandoned,
    claimableAgain: ({ context }) =>
      claimable(context.record) && context.rejections < rejectionsMax,
    /** Another node has it, or had it last and keeps its memory. */
    elsewhere: ({ context }) =>
      context.settings.shared && isElsewhere(context.record, context.settings.nodeId),
    isThere: ({ context }) => context.verdict === "there",
    toHelp: ({ context }) => context.verdict === "help",
    toTakeOver: ({ context }) => context.verdict === "expired",
    hasFailed: ({ context }) => context.verdict === "failed",
    sameIncarnation: ({ context, event }) =>
      "incarnation" in event && event.incarnation === context.record?.incarnation,
    unreached: ({ context }) => context.routesLost >= routesLostMax,
    /** It invoked for a claim that is another node's, and nothing came of that. */
    helpedInVain: ({ context }) =>
      context.settings.shared &&
      context.environment === null &&
      context.record?.state === "allocating" &&
      isElsewhere(context.record, context.settings.nodeId),
    renewing: ({ context }) => context.renewing,
    notRenewing: ({ context }) => !context.renewing,
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
      event.type === "environment.started" || event.type === "environment.resumed"
        ? {
            environment: event.bootId,
            lastEnvironment: event.bootId,
            invoked: event.type === "environment.started" || event.invoked,
          }
        : {},
    ),
    leaveEnvironment: assign({ environment: null, invoked: false }),
    giveUpEnvironment: assign({ environment: null, invoked: false, seeking: false }),
    fallAsleep: assign({ asleep: true }),
    wakeUp: assign({ asleep: false }),
    beAwake: assign({ asleep: false, needed: false, frozen: false }),
    noteNeeded: assign({ needed: true }),
    noteFrozen: assign({ frozen: true }),
    /** What is known of a life that an earlier supervisor let fall asleep. */
    recallSleep: assign(({ context }) => ({
      environment: context.record?.memory ?? null,
      lastEnvironment: context.record?.memory ?? null,
      asleep: true,
      frozen: true,
    })),
    recallMemory: assign(({ context }) => ({
      lastEnvironment: context.record?.memory ?? null,
      seeking: true,
    })),
    endSleep: assign(({ context }) => ({ stopping: true, cause: expired(context.settings) })),
    liveOn: assign(({ event }) => ({
      stopping: false,
      ...("cause" in event ? { cause: event.cause } : {}),
    })),
    gateQueues: emit(({ context }) => ({
      type: "queues.gated" as const,
      open: !isExpiring(context),
    })),
    seek: assign({ seeking: true }),
    stopSeeking: assign({ seeking: false }),
    noteReturned: assign({ invoked: false }),
    noteRecall: assign(({ context }) => ({ recalls: context.recalls + 1 })),
    forgetRecalls: assign({ recalls: 0 }),
    noteContinued: assign(({ context }) => ({
      invoked: true,
      frozen: false,
      handOvers: context.handOvers + 1,
    })),
    noteAbandoned: assign({ abandoned: true }),
    failNotContinued: assign({ failure: notContinued }),
    noteStopping: assign({ stopping: true }),
    noteStarted: assign({ guestStarted: true }),
    noteReady: assign({ guestReady: true }),
    noteTimeout: assign({ timedOut: true }),
    failTimedOut: assign(({ context }) => ({ failure: bootTimedOut(context.settings) })),
    failHeldElsewhere: assign(({ context }) => ({ failure: heldElsewhere(context.record) })),
    failBeforeReady: assign(({ context, event }) => ({
      failure: completes(context.settings, event) ? null : failureBeforeReady(event),
    })),
    failGone: assign({ failure: environmentGone }),
    countCrash: assign(({ context, event }) => ({
      crashes: isCrash(event) ? context.crashes + 1 : 0,
    })),
    forgetCrashes: assign({ crashes: 0 }),
    failAfterReady: assign(({ event }) => ({ failure: failureAfterReady(event) })),
    terminateGuest: emit(({ context }) => ({
      type: "guest.terminated" as const,
      graceMs: context.fenced ? 0 : context.settings.stopGraceMs,
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
    keepAwake: emit({ type: "host.awake" as const }),
    suspendEnvironment: emit({ type: "environment.suspended" as const }),
    hastenEnvironment: emit({ type: "environment.hastened" as const }),
    rest: assign({ ...freshActivation }),
    forgetFailure: assign({ failure: null }),
    /** What waits here for a host on another node goes there. */
    routeConnects: emit(({ context }) => ({
      type: "connects.routed" as const,
      node: context.record?.node ?? "",
      incarnation: context.record?.incarnation ?? 0,
    })),
    noteRouteLost: assign(({ context }) => ({ routesLost: context.routesLost + 1 })),
    failNotReached: assign({ failure: notReached }),
    noteRenewal: assign({ renewing: true }),
    endRenewal: assign({ renewing: false }),
    /** Whoever waited out its lease may serve soon: no grace. */
    fence: assign(({ context }) => ({ fenced: true, failure: heldElsewhere(context.record) })),
  },
});
