/** The payload of an invocation, as this environment was given it. */
import { ImError } from "../platform/errors/im-error.js";
import { type InvocationEvent, invocationEvent } from "../platform/protocol/environment.js";

/** An error says which key is wrong, never a value: the event holds the guest's variables. */
export function parseEvent(payload: string): InvocationEvent {
  let document: unknown;
  try {
    document = JSON.parse(payload);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ImError("IM_INTERNAL", { what: "the event is not JSON" });
  }
  const parsed = invocationEvent.safeParse(document);
  if (parsed.success) return parsed.data;
  const keys = parsed.error.issues.map((issue) => issue.path.slice(0, 2).join(".") || "event");
  throw new ImError("IM_INTERNAL", { what: `the event is not a host's: ${keys.join(", ")}` });
}
