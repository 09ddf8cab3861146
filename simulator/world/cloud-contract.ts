/** What the simulated cloud needs of the world, and what it shows. */
import type { FaultPlan } from "./fault-plan.js";
import type { Generator } from "./generator.js";
import type { Timeline } from "./timeline.js";

/** An environment's process, as the cloud can reach it. */
export interface RuntimeProcess<Payload> {
  readonly pid: number;
  event(payload: Payload, deadlineAfterMs: number): void;
  freeze(): void;
  thaw(): void;
  kill(): void;
}

export type EnvironmentState = "starting" | "busy" | "returned" | "frozen" | "ended";

export interface SimulatedEnvironment<Payload> {
  readonly id: string;
  readonly functionName: string;
  readonly tenantId: string;
  /** The machine that it is on. */
  readonly place: string;
  readonly state: EnvironmentState;
  readonly pid: number;
  /** Of the last event that it was given. */
  readonly payload: Payload;
}

export interface CloudListener<Payload> {
  /** Nothing of it runs until its next event. */
  frozen(environment: SimulatedEnvironment<Payload>): void;
  /** Proof that nothing of it will ever run again. */
  ended(environment: SimulatedEnvironment<Payload>): void;
}

export interface CloudOptions<Payload> {
  readonly timeline: Timeline;
  readonly latency: Generator;
  readonly faults: FaultPlan;
  readonly timeoutMs: number;
  /** Where environments for this event may be. */
  readonly placeOf: (payload: Payload) => string;
  readonly start: (environment: SimulatedEnvironment<Payload>) => RuntimeProcess<Payload>;
  /** Nothing is done to processes of a machine that stands still before it goes on. */
  readonly reach: (environment: SimulatedEnvironment<Payload>, act: () => void) => void;
  /** A life goes on in it, with or without an event. */
  readonly keeps: (environment: SimulatedEnvironment<Payload>) => boolean;
  readonly listener: CloudListener<Payload>;
}

export type InvokeAnswer = "accepted" | "throttled" | "not found" | "server error" | "no answer";
