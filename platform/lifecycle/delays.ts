/** How long the host machine waits for what. All in ms. */
import { backOffMs } from "./decide.js";
import type { HostContext } from "./host-context.js";

/** A host-runtime looks for a new supervisor for 60 s; then it has ended its guests. */
const adoptionMs = 75_000;
/** Lives that lasted this long do not count as crashes in a row. */
const stableMs = 60_000;
/** Guests that were asked to end and did not prove it are asked again after this much more. */
const endProofMs = 5_000;
/** An environment that runs finds a new supervisor sooner; one that is frozen never does. */
const reconnectionMs = 1_000;
/** As long as guests go on without a supervisor, they go on without an invocation. */
const continuationMs = 60_000;
/** The environment says that it returns, and then asks for the next event: microseconds apart. */
const recallDelayMs = 2;
/** An accepted event that nobody speaks of by then is taken for lost. */
const recallAnswerMs = 1_000;
const recallDeadlineMs = 5_000;
const recallPauseFirstMs = 10;
const recallPauseMsMax = 2_000;

/** An environment that runs has answered its invocation long before. */
const returnDeadlineMs = 5_000;
/** It has returned: that its processes may run on for a while costs no more than their time. */
const freezeDeadlineMs = 1_000;
const retryMs = 500;
/** Nobody here has asked for a host on another node for so long: it is asked about anew. */
const routeMs = 10_000;
/** Of a timer. */
const delayMsMax = 2 ** 31 - 1;

interface Given {
  readonly context: HostContext;
}

export const delays = {
  bootTimeout: ({ context }: Given) => context.settings.bootTimeoutMs,
  endProof: ({ context }: Given) => context.settings.stopGraceMs + endProofMs,
  adoption: adoptionMs,
  stable: stableMs,
  reconnection: reconnectionMs,
  continuation: continuationMs,
  recallDelay: recallDelayMs,
  recallAnswer: recallAnswerMs,
  recallDeadline: recallDeadlineMs,
  recallPause: ({ context }: Given) =>
    Math.min(recallPauseMsMax, recallPauseFirstMs * 4 ** (context.recalls - 1)),
  returnDeadline: returnDeadlineMs,
  freezeDeadline: freezeDeadlineMs,
  retry: retryMs,
  route: routeMs,
  termination: ({ context }: Given) =>
    Math.min(delayMsMax, context.settings.terminateAfterMs ?? delayMsMax),
  backOff: ({ context }: Given) => backOffMs(context.record?.failure?.count ?? 1),
};
