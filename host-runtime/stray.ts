/**
 * An event that was to continue a life came to an environment that does not have it. The
 * supervisor is told, and the invocation kept for a moment: while this environment is busy the next
 * event cannot come here again.
 */
import type { ContinueEvent } from "../platform/protocol/environment.js";
import type { Addon } from "../shim/index.js";
import { NodeLink } from "./node-link.js";
import { codeOf, report } from "./report.js";

export interface StrayParts {
  readonly addon: Addon;
  readonly bootId: string;
  readonly stop: AbortSignal;
  /** Resolves when the invocation has to be answered. */
  readonly near: Promise<unknown>;
}

const holdMs = 5_000;

/** Resolves when the supervisor has no more use for it, at the latest after 5 s. */
export async function reportStray(event: ContinueEvent, parts: StrayParts): Promise<void> {
  const { deployId, host, incarnation } = event;
  report("not the environment that is meant", { host, incarnation });
  let descriptor: number;
  try {
    descriptor = parts.addon.connectPackets(event.nodeSocket);
  } catch (error) {
    report("no supervisor", { host, incarnation, code: codeOf(error) });
    return;
  }
  const link = new NodeLink(parts.addon, descriptor);
  let timer: NodeJS.Timeout | undefined;
  let onStop = () => {};
  const released = new Promise<void>((resolve) => {
    link.listen({ message: () => resolve(), closed: resolve });
    timer = setTimeout(resolve, holdMs);
    onStop = resolve;
    parts.stop.addEventListener("abort", onStop);
  });
  const { bootId } = parts;
  link.send({ type: "environment.misdirected", deployId, host, incarnation, bootId });
  await Promise.race([released, parts.near]);
  clearTimeout(timer);
  parts.stop.removeEventListener("abort", onStop);
  link.close();
}
