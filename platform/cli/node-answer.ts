/**
 * What a supervisor answers to a client. Checked by hand: loading zod would cost `im run` more time
 * than all the rest of it.
 */
import type { SupervisorMessage } from "../protocol/environment.js";

export type Answer = Extract<SupervisorMessage, { type: "client.accepted" | "client.refused" }>;

/** Nothing else is the supervisor's to set: LD_PRELOAD least of all. */
const variablePattern = /^IM_[A-Z_]+$/;

/** null: not one of the two answers to `client.started` and `client.resumed`. */
export function decodeAnswer(packet: Buffer): Answer | null {
  let body: unknown;
  try {
    body = JSON.parse(packet.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!isRecord(body)) return null;
  if (body["type"] === "client.accepted" && isRecord(body["environment"])) {
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(body["environment"])) {
      if (typeof value !== "string" || !variablePattern.test(name)) return null;
      environment[name] = value;
    }
    return { type: "client.accepted", environment };
  }
  if (body["type"] !== "client.refused" || !isRecord(body["error"])) return null;
  const { code, message } = body["error"];
  if (typeof code !== "string" || typeof message !== "string") return null;
  return { type: "client.refused", error: { code, message } };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
