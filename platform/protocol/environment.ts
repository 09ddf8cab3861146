/**
 * What an environment (host-runtime) or a client (`im run`) and its node's supervisor say to one
 * another: one JSON document a packet on a SOCK_SEQPACKET Unix socket (`node.sock` in the runtime
 * directory), at most `packetBytesMax` bytes, validated on receipt.
 */
import { z } from "zod";

export const packetBytesMax = 64 * 1024;

const failure = z.strictObject({ code: z.string(), message: z.string() });

/** To the supervisor. The first packet carries one descriptor: the supervisor's control end. */
export const environmentMessage = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("environment.started"),
    deployId: z.string(),
    host: z.string(),
    incarnation: z.int().positive(),
    claim: z.string(),
    bootId: z.string(),
    /** Of the host-runtime. */
    pid: z.int().positive(),
  }),
  /**
   * The same environment, to a supervisor that was started anew: it was accepted before, and its
   * guests serve on. Carries the control end again. A guest that exited meanwhile says so next.
   */
  z.strictObject({
    type: z.literal("environment.resumed"),
    deployId: z.string(),
    host: z.string(),
    incarnation: z.int().positive(),
    bootId: z.string(),
    /** Of the host-runtime. */
    pid: z.int().positive(),
    /** Of the guest's command; null where it is not started yet. */
    guestPid: z.int().positive().nullable(),
    /** false: its last invocation was handed over, and nobody has invoked it again yet. */
    invoked: z.boolean(),
  }),
  /**
   * Its invocation is answered, because the deadline is near; it asks for the next one at once,
   * and may be frozen until that comes. The guests live on.
   */
  z.strictObject({ type: z.literal("environment.returning") }),
  /** After `environment.returning`: it has been invoked again. */
  z.strictObject({ type: z.literal("environment.continued") }),
  /**
   * A first message: the event that was to continue a life came to this environment, which does
   * not have it. It keeps the invocation until it is refused, so that the next cannot come here.
   */
  z.strictObject({
    type: z.literal("environment.misdirected"),
    deployId: z.string(),
    host: z.string(),
    incarnation: z.int().positive(),
    bootId: z.string(),
  }),
  /** The guest's command was executed. */
  z.strictObject({ type: z.literal("guest.started"), pid: z.int().positive() }),
  /** The command could not be executed at all. */
  z.strictObject({ type: z.literal("guest.failed"), error: failure }),
  /** The whole tree is gone; code or signal is that of the command. Its output is in the log. */
  z.strictObject({
    type: z.literal("guest.exited"),
    code: z.int().nullable(),
    signal: z.string().nullable(),
  }),
  z.strictObject({
    type: z.literal("client.started"),
    deployment: z.string(),
    /** Run as this host would: its name and address. */
    as: z.string().nullable(),
    program: z.string(),
    pid: z.int().positive(),
  }),
  /** The same client, to a supervisor that was started anew: it keeps its address. */
  z.strictObject({
    type: z.literal("client.resumed"),
    deployment: z.string(),
    as: z.string().nullable(),
    program: z.string(),
    pid: z.int().positive(),
    /** Dotted, as in IM_ADDRESS. */
    address: z.string(),
  }),
]);
export type EnvironmentMessage = z.infer<typeof environmentMessage>;

/** From the supervisor. */
export const supervisorMessage = z.discriminatedUnion("type", [
  /** To an environment: this is the life that is meant; start the guest. */
  z.strictObject({ type: z.literal("environment.accepted") }),
  /** To an environment: stale, duplicate or not the one meant; start nothing, return at once. */
  z.strictObject({ type: z.literal("environment.refused"), reason: z.string() }),
  /**
   * To an environment: answer the invocation at once, as before a deadline, and ask for the next
   * event; it may be long until that comes.
   */
  z.strictObject({ type: z.literal("suspend") }),
  /** To an environment: SIGTERM, grace, SIGKILL for the whole tree. */
  z.strictObject({ type: z.literal("terminate"), graceMs: z.int().nonnegative() }),
  /** To a client: what the shim must find in the environment (LD_PRELOAD excepted). */
  z.strictObject({
    type: z.literal("client.accepted"),
    environment: z.record(z.string(), z.string()),
  }),
  z.strictObject({ type: z.literal("client.refused"), error: failure }),
]);
export type SupervisorMessage = z.infer<typeof supervisorMessage>;

/** The payload of a first invocation: all that an environment needs to be one life of a host. */
export const bootEvent = z.strictObject({
  version: z.literal(1),
  action: z.literal("boot"),
  deployment: z.string(),
  deployId: z.string(),
  host: z.string(),
  incarnation: z.int().positive(),
  /** Nonce of the claim: a late duplicate of an older claim registers nothing. */
  claim: z.string(),
  /** `node.sock` of the node that this environment belongs to. */
  nodeSocket: z.string(),
  guest: z.strictObject({
    command: z.array(z.string()).min(1),
    directory: z.string(),
    /** Manifest variables and IM_HOST, IM_DEPLOYMENT, IM_INCARNATION, IM_ADDRESS, IM_TABLE. */
    environment: z.record(z.string(), z.string()),
    /** Absent for `intercept: none`. */
    preload: z.boolean(),
    /** Used where the environment itself is told to end (SIGTERM); default 5 s. */
    stopGraceMs: z.int().nonnegative().optional(),
  }),
  /**
   * How long its guests go on without a supervisor, ms; then they end without grace, because
   * another node may have the host. Absent where no other could: 60 s, with grace.
   */
  awayMs: z.int().positive().optional(),
  /** File that the guest's output is appended to. */
  logFile: z.string(),
});
export type BootEvent = z.infer<typeof bootEvent>;

/** The payload of every further one: the life goes on in the environment that has it. */
export const continueEvent = z.strictObject({
  version: z.literal(1),
  action: z.literal("continue"),
  deployId: z.string(),
  host: z.string(),
  incarnation: z.int().positive(),
  /** Boot id of the environment that is meant. */
  memory: z.string(),
  nodeSocket: z.string(),
});
export type ContinueEvent = z.infer<typeof continueEvent>;

export const invocationEvent = z.discriminatedUnion("action", [bootEvent, continueEvent]);
export type InvocationEvent = z.infer<typeof invocationEvent>;

/** Of an event that a function was invoked with; null: it is no boot. */
export function claimOf(payload: Buffer): string | null {
  try {
    return bootEvent.safeParse(JSON.parse(payload.toString())).data?.claim ?? null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
