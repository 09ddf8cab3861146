/**
 * Ways to break the platform from outside, so that a test can show that the checks notice. Each is
 * a wrapper round a port, or other rules of the table; production code has no switch for any.
 */
import type { isGateOpen } from "../../platform/membership/lease.js";
import type { RecordTable } from "../../platform/membership/settling-membership.js";
import type { transition } from "../../platform/membership/transitions.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Elsewhere } from "../../platform/ports/elsewhere.js";
import type { Guards } from "../../platform/ports/guards.js";
import type { Sensor } from "../../platform/ports/sensor.js";

export interface Mutation {
  readonly rules?: typeof transition;
  readonly table?: (table: RecordTable<never>) => RecordTable<never>;
  readonly elsewhere?: (elsewhere: Elsewhere, clock: Clock) => Elsewhere;
  /** How guests read the word at their gate. */
  readonly gate?: typeof isGateOpen;
  readonly guards?: (guards: Guards, clock: Clock) => Guards;
  readonly sensor?: (sensor: Sensor) => Sensor;
  /** An environment continues any life that it is asked to, with its own guests or new ones. */
  readonly continuesAny?: boolean;
}
