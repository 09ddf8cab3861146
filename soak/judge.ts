/** Whether a connect ended as documented: by an answer, or by an errno that something explains. */
import { type Connect, describeConnect } from "./connect.js";
import type { History } from "./history.js";
import type { Kills } from "./kills.js";
import { bootTimeoutMs, deadlineMs, perKillMs } from "./plan.js";

export type Verdict =
  | { readonly kind: "answer" }
  | { readonly kind: "hang"; readonly what: string }
  /** A blocking connect that failed as ARCHITECTURE.md says it may. */
  | { readonly kind: "errno"; readonly errno: string }
  /** Let in, and cut off: its life ended. */
  | { readonly kind: "cut"; readonly how: string }
  | { readonly kind: "violation"; readonly what: string };

const errnos = new Set(["ECONNREFUSED", "ETIMEDOUT"]);
const cuts = new Set(["ECONNRESET", "EPIPE", "end"]);

/** Not before all that has happened meanwhile is known. */
export function judge(connect: Connect, kills: Kills, history: History): Verdict {
  const { outcome, step } = connect;
  if (outcome === "hang" || isOverdue(connect, kills)) {
    return { kind: "hang", what: describeConnect(connect) };
  }
  if (outcome === "answer") return { kind: "answer" };
  const cause = causeOf(connect, kills, history);
  if (cause !== null && step === "connect" && errnos.has(outcome)) {
    return { kind: "errno", errno: outcome };
  }
  // A plain client is let into the queue at once: a failed boot appears to it as a reset.
  if (cause !== null && cuts.has(outcome)) return { kind: "cut", how: outcome };
  const known = cause ?? "nothing of this host was killed or had failed";
  return { kind: "violation", what: `${describeConnect(connect)}; ${known}` };
}

/** Each kill is an excuse for so long, and for no longer. */
function isOverdue({ host, fromMs, tookMs }: Connect, kills: Kills): boolean {
  if (tookMs <= deadlineMs) return false;
  return tookMs > deadlineMs + perKillMs * kills.felt(host, fromMs, fromMs + tookMs);
}

function causeOf(connect: Connect, kills: Kills, history: History): string | null {
  const { host, tookMs, outcome, silentMs } = connect;
  const toMs = connect.fromMs + tookMs;
  // What ended a life in the silence shows when it is asked again.
  const fromMs = connect.fromMs - silentMs;
  const kill = kills.ofLife(host, fromMs, toMs);
  if (kill !== null) return `${kill.kind} ${kill.pid} was killed`;
  const slept = kills
    .beforeOf(host, toMs)
    .find(({ atMs }) => history.isSameLife(host, atMs, fromMs));
  if (slept !== undefined) return `${slept.kind} ${slept.pid} of this life was killed before`;
  const boot = kills.ofBoots(fromMs, toMs).find(({ atMs }) => history.isBooting(host, atMs));
  if (boot !== undefined) return `${boot.kind} ${boot.pid} was killed in the middle of a boot`;
  const failure = history.failureOf(host, fromMs, toMs);
  if (failure !== null) return `the host had failed (${failure})`;
  const store = outcome === "ETIMEDOUT" && kills.ofStore(fromMs - bootTimeoutMs, toMs);
  return store ? "the store was killed" : null;
}
