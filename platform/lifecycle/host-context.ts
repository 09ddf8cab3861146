import type { HostRecord } from "../ports/membership.js";
import type { Cause, Failure, HostEvent } from "./events.js";

export interface HostSettings {
  readonly host: string;
  /** Owner of claims made here. */
  readonly nodeId: string;
  readonly ready: "listen" | "exec";
  readonly bootTimeoutMs: number;
  readonly stopGraceMs: number;
  /** Of sleep, until the host is ended; null: never. */
  readonly terminateAfterMs: number | null;
  /** Other nodes have the same store: another may have the host. */
  readonly shared: boolean;
}

/**
 * A life that an earlier supervisor of this node left behind, where there is one; "invoked": the
 * cloud still has the event of its claim; "lost": its sockets are not ours any more.
 */
export type Adopting = "found" | "invoked" | "lost" | null;

/**
 * Of a host that another node has: that node is to be asked for it; it is free, also because it
 * sleeps where nobody reaches it; its boot failed; its claim is to be helped; its lease has run
 * out.
 */
export type Verdict = "there" | "free" | "failed" | "help" | "expired";

export interface HostContext {
  readonly settings: HostSettings;
  /** The membership item as last seen. */
  readonly record: HostRecord | null;
  /** What this activation, or the way down, is due to. */
  readonly cause: Cause | null;
  readonly failure: Failure | null;
  /** Boot id of the environment that was accepted, while its guests may run. */
  readonly environment: string | null;
  /** The environment has an invocation; false between two. */
  readonly invoked: boolean;
  /** A life left by an earlier supervisor is waited for: it may have no invocation. */
  readonly seeking: boolean;
  /** Invocations asked for in the present hand-over. */
  readonly recalls: number;
  /** Hand-overs of this life. */
  readonly handOvers: number;
  /** Nobody came to continue the life: it is to end. */
  readonly abandoned: boolean;
  /** It has been told to return, and is not to be invoked again before it is needed. */
  readonly asleep: boolean;
  /** Something wants it since it was idle. */
  readonly needed: boolean;
  readonly frozen: boolean;
  /** Boot id of the last environment that was accepted here. */
  readonly lastEnvironment: string | null;
  readonly guestStarted: boolean;
  readonly guestReady: boolean;
  readonly stopping: boolean;
  /** What the record says is taken up, not waited for. */
  readonly adopting: Adopting;
  /** Lives in a row that ended in a crash soon after they were ready. */
  readonly crashes: number;
  readonly timedOut: boolean;
  readonly rejections: number;
  readonly verdict: Verdict | null;
  /** How often the node that has the host could not be reached. */
  readonly routesLost: number;
  /** A write that prolongs its lease is under way: no other may be. */
  readonly renewing: boolean;
  /** Its lease was lost: its guests are to end at once. */
  readonly fenced: boolean;
}

/** What a new activation starts from. */
export const freshActivation = {
  cause: null,
  adopting: null,
  environment: null,
  invoked: false,
  seeking: false,
  recalls: 0,
  handOvers: 0,
  abandoned: false,
  asleep: false,
  needed: false,
  frozen: false,
  guestStarted: false,
  guestReady: false,
  stopping: false,
  timedOut: false,
  rejections: 0,
  verdict: null,
  routesLost: 0,
  renewing: false,
  fenced: false,
} as const;

/** Boot id of the environment that an event to continue the life is for. */
export function meantBy({ environment, record }: HostContext): string {
  return environment ?? record?.memory ?? record?.owner ?? "";
}

export function expired(settings: HostSettings): Cause {
  return { signal: "expired", by: settings.host, port: null, atMs: 0, startedMs: 0 };
}

export const environmentLost: Failure = {
  code: "IM_ENVIRONMENT_LOST",
  message: "the environment ended before its guest was ready",
};

export function bootTimedOut(settings: HostSettings): Failure {
  const awaited = settings.ready === "listen" ? "listen on its first declared port" : "start";
  return {
    code: "IM_BOOT_TIMEOUT",
    message: `the guest did not ${awaited} within ${settings.bootTimeoutMs} ms`,
  };
}

/** Whether this is the good end of a host that is ready by being executed. */
export function completes(settings: HostSettings, event: HostEvent): boolean {
  return settings.ready === "exec" && event.type === "guest.exited" && event.code === 0;
}

/** Why a boot ended before the guest was ready. */
export function failureBeforeReady(event: HostEvent): Failure {
  if (event.type === "guest.failed") return event.failure;
  if (event.type !== "guest.exited") return environmentLost;
  return {
    code: "IM_GUEST_EXITED",
    message: `the command ${describeExit(event)} before it was ready`,
  };
}

/** Why a running guest ended; null where that was in order. */
export function failureAfterReady(event: HostEvent): Failure | null {
  if (event.type !== "guest.exited") return environmentLost;
  if (event.code === 0) return null;
  return { code: "IM_GUEST_EXITED", message: `the command ${describeExit(event)}` };
}

/** An exit that nobody asked for and that the guest does not call a success. */
export function isCrash(event: HostEvent): event is Extract<HostEvent, { type: "guest.exited" }> {
  return event.type === "guest.exited" && event.code !== 0;
}

function describeExit(event: { readonly code: number | null; readonly signal: string | null }) {
  if (event.signal !== null) return `was ended by ${event.signal}`;
  return `exited with code ${event.code ?? "unknown"}`;
}

export const environmentGone: Failure = {
  code: "IM_ENVIRONMENT_LOST",
  message: "the environment did not come back after the supervisor was restarted",
};

export const notContinued: Failure = {
  code: "IM_INVOKE_FAILED",
  message: "the environment was not invoked again when its invocation had to end",
};

export const notReached: Failure = {
  code: "IM_INVOKE_FAILED",
  message: "the node that has the host cannot be reached",
};

export function heldElsewhere(record: HostRecord | null): Failure {
  const holder = record?.owner ?? "nobody";
  return {
    code: "IM_ENVIRONMENT_LOST",
    message: `membership says ${record?.state ?? "nothing"}, held by ${holder}`,
  };
}

export function failureOfError(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "IM_INTERNAL";
  return { code, message };
}

/** It is woken only to be ended, because its sleep was long enough. */
export function isExpiring({ stopping, cause }: HostContext): boolean {
  return stopping && cause?.signal === "expired";
}
