/** What happens to a host: facts about its environment and guest, and what people ask for. */
import type { SocketAddress } from "../ports/sockets.js";

/** Why a host is needed, or is not. */
export interface Cause {
  readonly signal:
    | "connect"
    /** On a connection that was open while it slept. */
    | "data"
    | "datagram"
    /** `wake.every`, or a timer of the guest's own. */
    | "timer"
    /** Of the engine that it slept in. */
    | "restart"
    /** Of a process of its own, which was killed while it slept. */
    | "end"
    | "wake"
    | "idle"
    | "suspend"
    | "stop"
    /** It has slept for `idle.terminateAfter`. */
    | "expired";
  /** Name of the host or program that it came from; "outside" where nothing is known. */
  readonly by: string;
  readonly port: number | null;
  /** The process that connected, where it said so itself. */
  readonly pid?: number;
  /** The other end of the connection that waits: the kernel knows whose it is. */
  readonly source?: SocketAddress | null;
  /** Wall clock, ms. */
  readonly atMs: number;
  /** Monotonic, ms: what durations are counted from. */
  readonly startedMs: number;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** Facts that can arrive late carry the incarnation they speak of. */
export type HostEvent =
  | { readonly type: "wake.requested"; readonly cause: Cause }
  | { readonly type: "stop.requested"; readonly cause: Cause }
  /** It is idle, or somebody says so; its sockets are watched from before the last look on. */
  | { readonly type: "sleep.requested"; readonly cause: Cause }
  /** More is known of what it was woken for. */
  | { readonly type: "cause.found"; readonly cause: Cause }
  | {
      readonly type: "environment.started";
      readonly incarnation: number;
      readonly claim: string;
      readonly bootId: string;
    }
  /** The environment of this life is still there, after the supervisor was not. */
  | {
      readonly type: "environment.resumed";
      readonly incarnation: number;
      readonly bootId: string;
      /** false: it has no invocation at present. */
      readonly invoked: boolean;
      /** false: its guest has not come as far as the port that makes it ready. */
      readonly ready: boolean;
    }
  /** Its invocation is over before its deadline; the guests live on and wait for the next one. */
  | { readonly type: "environment.returning"; readonly incarnation: number }
  /** The next one has come. */
  | { readonly type: "environment.continued"; readonly incarnation: number }
  /** Between two invocations: nothing of it runs. */
  | { readonly type: "environment.frozen"; readonly incarnation: number }
  /** The next one has come to an environment that does not have this life. */
  | { readonly type: "environment.misdirected"; readonly incarnation: number }
  | { readonly type: "guest.started"; readonly incarnation: number }
  /** The guest listens on the port that makes it ready. */
  | { readonly type: "guest.ready"; readonly incarnation: number }
  | { readonly type: "guest.failed"; readonly incarnation: number; readonly failure: Failure }
  | {
      readonly type: "guest.exited";
      readonly incarnation: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  /** It is time to prolong its lease. */
  | { readonly type: "lease.due"; readonly incarnation: number }
  /** Its lease is over, or about to be: another node may take the host. */
  | { readonly type: "lease.expired"; readonly incarnation: number }
  /** The node that has the host cannot be reached from here. */
  | { readonly type: "route.lost"; readonly incarnation: number }
  /** The engine's proof that nothing of the environment runs any more. */
  | { readonly type: "environment.ended"; readonly incarnation: number };

/** What the machine asks the supervisor to do; emitted, never executed inside the machine. */
export type HostEffect =
  /** The host is not there: its placeholders are restored and watched. */
  | { readonly type: "placeholders.watched" }
  /** The environment is the one that is meant; it may start the guest. */
  | { readonly type: "environment.accepted" }
  /** Registered: binds of this incarnation may be answered. */
  | { readonly type: "gate.opened" }
  /** Serving for the first time: connects that wait are let through. */
  | { readonly type: "connects.admitted" }
  /** Serving, after a boot or a sleep: whether it is idle is watched. */
  | { readonly type: "host.awake" }
  /** Its invocation is to be answered, and its guests are to be frozen. */
  | { readonly type: "environment.suspended" }
  /** Woken: its guests may run on before its environment is invoked again. */
  | { readonly type: "environment.hastened" }
  /** Whether connections come into the queues: a guest that is woken to be ended takes none. */
  | { readonly type: "queues.gated"; readonly open: boolean }
  /** Not booted: connects that wait fail, queued ones are reset. */
  | { readonly type: "connects.refused"; readonly failure: Failure }
  | { readonly type: "guest.terminated"; readonly graceMs: number }
  /** Another node has the host: what waits here goes there. */
  | { readonly type: "connects.routed"; readonly node: string; readonly incarnation: number }
  /** An event that the present state does not expect. */
  | { readonly type: "event.refused"; readonly event: string; readonly state: string };
