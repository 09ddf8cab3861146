/** Why a host is not idle: the rule, and the connection or process it rests on. */
import type { Connection } from "../ports/sensor.js";

export type AwakeReason =
  /** `idle.after: never`. */
  | { readonly rule: "never" }
  /** Less than its minimum is over: it was woken too soon after the last sleep. */
  | { readonly rule: "minimum"; readonly leftMs: number }
  /** It is quiet, but a timer of its own that is honoured is due too soon for a sleep. */
  | { readonly rule: "timer"; readonly leftMs: number }
  /** Nobody in the guest has accepted it. */
  | { readonly rule: "unaccepted"; readonly connection: Connection }
  /** Bytes wait to be read by the guest, or to be taken by its peer. */
  | { readonly rule: "queued"; readonly connection: Connection; readonly forMs: number }
  /** Bytes moved, or a connection came or went. */
  | { readonly rule: "traffic"; readonly connection: Connection | null; readonly agoMs: number }
  /** A process used more than the allowance; null: one that has ended. */
  | { readonly rule: "process"; readonly pid: number | null; readonly agoMs: number }
  /** A peer asked last, and has no answer. */
  | { readonly rule: "answering"; readonly connection: Connection; readonly forMs: number }
  /** The host asked last, and has no answer. */
  | { readonly rule: "asking"; readonly connection: Connection; readonly forMs: number };

export type Verdict =
  | { readonly idle: false; readonly reason: AwakeReason; readonly quietMs: number }
  /** `tied`: a request may be in flight after all: the host's own timers are to be honoured. */
  | { readonly idle: true; readonly quietMs: number; readonly tied: boolean };
