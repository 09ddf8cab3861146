/** `im why --json`: who woke a host, and what keeps it awake now. Times are ISO 8601. */
import { z } from "zod";

const span = z.number().nonnegative();
const port = z.int().nullable();

const wake = z.object({
  host: z.string(),
  incarnation: z.int(),
  /** connect, datagram, data, timer, wake. */
  signal: z.string(),
  /** Name of a host or a program; "im": by hand; "outside": a program without the shim. */
  by: z.string(),
  /** The process that connected, and its program, where they are known. */
  pid: z.int().nullable(),
  program: z.string().nullable(),
  /** Declared port of `host` that it connected to. */
  port,
  at: z.string(),
  /** From the signal until the host ran, or until now. */
  tookMs: span,
  underWay: z.boolean(),
  phases: z.array(z.object({ name: z.string(), tookMs: span })),
});

const connection = z.object({
  protocol: z.enum(["tcp", "udp"]),
  /** `in`: the peer connected to `port` of the host; `out`: the host to `peerPort` of the peer. */
  direction: z.enum(["in", "out"]),
  port: z.int(),
  /** Name of a host or a program, else "outside". */
  peer: z.string(),
  peerAddress: z.string(),
  peerPort: z.int(),
  /** Bytes that the guest has not read, and that its peer has not taken. */
  receiveQueue: span,
  sendQueue: span,
});

const awake = z.object({
  /**
   * As in `platform/idle/awake-reason.ts`; "idle": nothing, it is about to be suspended; "unknown":
   * it has not been looked at yet.
   */
  rule: z.enum([
    "never",
    "minimum",
    "timer",
    "unaccepted",
    "queued",
    "traffic",
    "process",
    "answering",
    "asking",
    "idle",
    "unknown",
  ]),
  /** How long nothing has happened to the host. */
  quietMs: span.nullable(),
  /** Since the last traffic or work (traffic, process). */
  agoMs: span.nullable(),
  /** So long already (queued, answering, asking). */
  forMs: span.nullable(),
  /** So long still (minimum, timer). */
  leftMs: span.nullable(),
  connection: connection.nullable(),
  /** Both null: one that has ended. */
  process: z.object({ pid: z.int().nullable(), command: z.string().nullable() }).nullable(),
});

export const hostWhy = z.object({
  deployment: z.string(),
  host: z.string(),
  state: z.string(),
  incarnation: z.int(),
  /** When this was true. */
  at: z.string(),
  /** Since when it is in this state; null: since before the daemon was started. */
  since: z.string().nullable(),
  /** Its own wake first, then that of the host which caused it, and so on. */
  chain: z.array(wake),
  /**
   * What stands at its beginning: a program of `im run`, a program without the shim, somebody's
   * `im wake`, a host of whose wake nothing is known, or one that is in the chain already;
   * "nobody": the host was never woken.
   */
  chainBegins: z.enum(["program", "outside", "hand", "itself", "host", "loop", "nobody"]),
  /** Only of a host that runs. */
  awake: awake.nullable(),
  /** What would wake it; empty where it is awake. `port` null: any open connection, or none. */
  wokenBy: z.array(z.object({ signal: z.string(), port })),
  failure: z
    .object({ code: z.string(), message: z.string(), retryAt: z.string().nullable() })
    .nullable(),
});

export type HostWhy = z.infer<typeof hostWhy>;
export type WhyWake = z.infer<typeof wake>;
export type WhyAwake = z.infer<typeof awake>;
export type WhyConnection = z.infer<typeof connection>;
