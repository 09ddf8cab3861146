/**
 * What crosses the daemon's Unix socket, as schemas: both sides validate what they receive.
 * Requests are strict; answers may grow fields that an older caller does not know.
 */
import { z } from "zod";
import type { Manifest } from "../manifest/manifest.js";
import { nameExpected, nameLengthMax, namePattern } from "../manifest/names.js";
import type {
  DeploymentStatus,
  DeployRequest,
  DeployResult,
  HostStatus,
  LifecycleEvent,
} from "./service.js";

/** 24,000 declared hosts with generous environments stay far below. */
export const requestBytesMax = 8 * 1024 * 1024;
export const responseBytesMax = 256 * 1024 * 1024;
export const eventBytesMax = 64 * 1024;

const port = z.int().min(1).max(65_535);
const duration = z.int().nonnegative();

/** Names become parts of paths. */
const name = z.string().regex(namePattern, nameExpected);

const classFields = z.strictObject({
  name,
  count: z.int().positive().nullable(),
  command: z.array(z.string()).min(1),
  directory: z.string(),
  listen: z.array(z.strictObject({ port, protocol: z.enum(["tcp", "udp"]) })),
  publish: z.array(z.strictObject({ from: port, to: port })),
  environment: z.record(z.string(), z.string()),
  memoryMb: z.int().positive(),
  bootTimeoutMs: duration,
  stopGraceMs: duration,
  ready: z.enum(["listen", "exec"]),
  intercept: z.enum(["preload", "none"]),
  idle: z
    .strictObject({
      afterMs: duration.nullable(),
      terminateAfterMs: duration.nullable(),
      inFlightMaxMs: duration.nullable(),
      honorsTimers: z.boolean(),
    })
    // A deployment of an earlier version says nothing of it, and went without.
    .default({ afterMs: null, terminateAfterMs: null, inFlightMaxMs: null, honorsTimers: false }),
  wakeEveryMs: z.int().positive().nullable().default(null),
});

const hostClass = classFields.refine(
  (value) => value.count === null || `${value.name}-${value.count - 1}`.length <= nameLengthMax,
  { path: ["name"], error: nameExpected },
);

export const manifestDocument = z.strictObject({
  deployment: name,
  file: z.string(),
  classes: z.array(hostClass),
}) satisfies z.ZodType<Manifest>;

const cloud = z.enum(["local", "aws"]);

export const deployRequest = z.strictObject({
  manifest: manifestDocument,
  cloud,
}) satisfies z.ZodType<DeployRequest>;

export const deployResult = z.object({
  deployment: z.string(),
  hosts: z.int().nonnegative(),
  added: z.array(z.string()),
  changed: z.array(z.string()),
  removed: z.array(z.string()),
}) satisfies z.ZodType<DeployResult>;

const hostState = z.enum([
  "imaginary",
  "allocating",
  "running",
  "suspending",
  "suspended",
  "resuming",
  "terminating",
  "failed",
]);

export const hostStatus = z.object({
  name: z.string(),
  class: z.string(),
  state: hostState,
  address: z.string(),
  listen: z.array(z.union([z.number(), z.string()])),
  mapped: z.record(z.string(), z.number()).optional(),
  incarnation: z.int(),
  wakes: z.int(),
  pids: z.array(z.int()),
  connections: z.int(),
  idleForMs: z.number().nullable(),
  lastWake: z
    .object({
      signal: z.string(),
      by: z.string(),
      port: z.int().nullable(),
      at: z.string(),
      tookMs: z.number().nullable(),
    })
    .nullable(),
  lastSuspend: z.object({ at: z.string(), tookMs: z.number() }).nullable(),
  memoryMb: z.number().nullable(),
  billedMs: z.number(),
  error: z
    .object({ code: z.string(), message: z.string(), retryAt: z.string().nullable() })
    .nullable(),
}) satisfies z.ZodType<HostStatus>;

export const deploymentStatus = z.object({
  deployment: z.string(),
  cloud,
  since: z.string(),
  hosts: z.array(hostStatus),
  imaginary: z.int().nonnegative(),
  unread: z.string().optional(),
}) satisfies z.ZodType<DeploymentStatus>;

const wakeDetails = z.object({
  at: z.string(),
  tookMs: z.number(),
  pid: z.int().nullable(),
  program: z.string().nullable(),
  port: z.int().nullable(),
  phases: z.array(z.object({ name: z.string(), tookMs: z.number() })),
});

export const lifecycleEvent = z.object({
  at: z.string(),
  host: z.string(),
  incarnation: z.int(),
  from: hostState,
  to: hostState,
  signal: z.string(),
  by: z.string(),
  tookMs: z.number().nullable(),
  wake: z.exactOptional(wakeDetails),
  error: z.exactOptional(z.object({ code: z.string(), message: z.string() })),
}) satisfies z.ZodType<LifecycleEvent>;

export const lifecycleEvents = z.array(lifecycleEvent);
export const logFileAnswer = z.object({ logFile: z.string() });
export const done = z.object({});

const flag = z.enum(["0", "1"]).default("0");
/** `past=0`: only what happens from now on. */
export const eventsQuery = z.strictObject({ follow: flag, past: flag.default("1") });

/** From a daemon that starts to whoever started it. */
export const startReport = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ready") }),
  /** Another daemon has the lock of this home. */
  z.strictObject({ type: z.literal("taken") }),
  z.strictObject({ type: z.literal("failed"), error: z.unknown() }),
]);
export type StartReport = z.infer<typeof startReport>;
