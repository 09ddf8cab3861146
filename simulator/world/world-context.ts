/** What every part of the world knows of the others. */

import type { Clock } from "../../platform/ports/clock.js";
import type { Membership } from "../../platform/ports/membership.js";
import type { Random } from "../../platform/ports/random.js";
import type { InvocationEvent } from "../../platform/protocol/environment.js";
import type { DeclaredHost } from "../../platform/supervisor/declared-host.js";
import type { Checks } from "./checks.js";
import type { SimulatedCloud } from "./cloud.js";
import type { SimulatedEnvironment } from "./cloud-contract.js";
import type { Caller } from "./connect.js";
import type { Coverage } from "./coverage.js";
import type { FaultPlan } from "./fault-plan.js";
import type { Generator } from "./generator.js";
import type { Guest } from "./guest.js";
import type { Machine } from "./machine.js";
import type { Mutation } from "./mutation.js";
import type { Network } from "./network.js";
import type { Scenario } from "./scenario.js";
import type { Stage } from "./stage.js";
import type { Timeline } from "./timeline.js";
import type { Trace } from "./trace.js";

export type Environment = SimulatedEnvironment<InvocationEvent>;
export type Cloud = SimulatedCloud<InvocationEvent>;

export interface WorldContext {
  readonly timeline: Timeline;
  readonly root: Generator;
  readonly network: Network;
  readonly faults: FaultPlan;
  readonly trace: Trace;
  readonly checks: Checks;
  readonly scenario: Scenario;
  readonly mutation: Mutation;
  /** Nothing is to go wrong. */
  readonly isFaultless: boolean;
  readonly inspect: Coverage["inspect"] | null;
  cloud(): Cloud;
  hostOf(name: string): DeclaredHost;
  /** Of one supervisor's process. */
  membershipFor(
    node: string,
    stage: Stage,
    ports: { readonly clock: Clock; readonly random: Random },
  ): Membership;
  /** A step of a life: where a supervisor may die. */
  reached(machine: Machine, step: string, host: string): void;
  /** A supervisor takes connections. */
  accepting(machine: Machine): void;
  machineOf(name: string): Machine;
  /** A guest asks another host. */
  callOn(caller: Caller, from: DeclaredHost, guest: Guest | null, done: () => void): void;
}
