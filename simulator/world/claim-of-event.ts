import type { InvocationEvent } from "../../platform/protocol/environment.js";

/** Of an event that a function was invoked with; null: it is no boot. */
export function claimOfEvent(event: InvocationEvent): string | null {
  return event.action === "boot" ? event.claim : null;
}
