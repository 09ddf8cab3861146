/**
 * What the embedded DynamoDB's process says to the one that started it. In the other direction
 * nothing is said: when the channel ends, by intent or by a death, the process closes and ends.
 */
import { z } from "zod";

export const childMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ready") }),
  z.strictObject({ type: z.literal("failed"), code: z.string(), message: z.string() }),
]);
export type ChildMessage = z.infer<typeof childMessage>;

/** Another process has the directory open. */
export const lockedCode = "LEVEL_LOCKED";
