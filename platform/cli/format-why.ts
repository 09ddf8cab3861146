/** `im why`: one sentence each about the state, who woke it, and what keeps it awake. */
import type { HostWhy, WhyAwake, WhyConnection, WhyWake } from "../daemon/why-document.js";
import { age, formatSpan } from "./format-status.js";
import { plain } from "./terminal.js";

/** `nowMs`: wall clock, ms since the epoch. */
export function formatWhy(why: HostWhy, nowMs: number): string {
  const lines = [
    stateLine(why, nowMs),
    ...why.chain.flatMap((wake) => wakeLines(wake, nowMs)),
    ...beginning(why),
    ...(why.awake === null ? [] : [`kept awake: ${awakeText(why.awake)}`]),
    ...failureLines(why, nowMs),
    ...(why.wokenBy.length === 0 ? [] : [`would be woken by: ${wokenByText(why)}`]),
  ];
  return lines.map((line) => `${plain(line)}\n`).join("");
}

function stateLine({ host, state, incarnation, since }: HostWhy, nowMs: number): string {
  const life = incarnation === 0 ? "never real yet" : `incarnation ${incarnation}`;
  return `${host} is ${state} (${life})${since === null ? "" : `, since ${age(since, nowMs)}`}`;
}

function wakeLines(wake: WhyWake, nowMs: number): readonly string[] {
  const { host, at, tookMs, phases, underWay } = wake;
  const took = underWay ? `${formatSpan(tookMs)} so far` : `took ${formatSpan(tookMs)}`;
  const told = phases.map((phase) => `${phase.name} ${formatSpan(phase.tookMs)}`).join(", ");
  return [
    `${host} ${underWay ? "is being" : "was"} woken by ${signalText(wake)}, ${age(at, nowMs)}`,
    `  ${took}${told === "" ? "" : `: ${told}`}`,
  ];
}

function signalText({ signal, by, port, pid, program }: WhyWake): string {
  const name = by === "outside" ? "a program without the shim" : by;
  const who = `${name}${processText(by, pid, program)}`;
  const where = port === null ? "" : ` port ${port}`;
  const to = port === null ? "" : ` to${where}`;
  switch (signal) {
    case "connect":
      return `${who} connecting${to}`;
    case "datagram":
      return `${who} sending a datagram${to}`;
    case "data":
      return `data from ${who}${port === null ? "" : ` on${where}`}`;
    case "timer":
      return "a timer of its own";
    case "restart":
      return "a restart of the daemon";
    case "end":
      return "the end of a process of its own";
    case "wake":
      return "hand (im wake)";
    default:
      return `${signal} by ${who}`;
  }
}

function processText(by: string, pid: number | null, program: string | null): string {
  if (pid === null) return "";
  const name = program === null || program === by ? "" : `${program}, `;
  return ` (${name}pid ${pid})`;
}

function beginning({ chain, chainBegins }: HostWhy): readonly string[] {
  const by = chain.at(-1)?.by ?? "";
  if (chainBegins === "loop") return [`${by} is above already: they woke each other`];
  return chainBegins === "host" ? [`of what woke ${by} nothing is known any more`] : [];
}

function awakeText(awake: WhyAwake): string {
  const ago = `${formatSpan(awake.agoMs ?? 0)} ago`;
  const lasts = `for ${formatSpan(awake.forMs ?? 0)}`;
  const { connection } = awake;
  switch (awake.rule) {
    case "never":
      return "its manifest says `idle.after: never`";
    case "minimum":
      return `its last sleep was too short: it stays for another ${formatSpan(awake.leftMs ?? 0)}`;
    case "timer":
      return `a timer of its own is due in ${formatSpan(awake.leftMs ?? 0)}, too soon for a sleep`;
    case "unaccepted":
      return `${connectionText(connection)} waits to be accepted`;
    case "queued":
      return `${queueText(connection)}, ${lasts}`;
    case "traffic":
      if (connection === null) return `it was woken ${ago}`;
      return `there was traffic ${ago}: ${connectionText(connection)}`;
    case "process":
      return `${workerText(awake)} worked ${ago}`;
    case "answering":
      return `a request has no answer yet, ${lasts}: ${connectionText(connection)}`;
    case "asking":
      return `it waits for an answer, ${lasts}: ${connectionText(connection)}`;
    case "idle":
      return `nothing, for ${formatSpan(awake.quietMs ?? 0)}: it is about to be suspended`;
    case "unknown":
      return "nobody has looked yet";
    default:
      awake.rule satisfies never;
      return "";
  }
}

function workerText({ process }: WhyAwake): string {
  if (process === null || process.pid === null) return "a process that has ended";
  const { pid, command } = process;
  return command === null ? `process ${pid}` : `process ${pid} (${command})`;
}

function queueText(connection: WhyConnection | null): string {
  const text = connectionText(connection);
  const { receiveQueue = 0, sendQueue = 0 } = connection ?? {};
  if (receiveQueue > 0) return `${receiveQueue} bytes wait to be read: ${text}`;
  return `${sendQueue} bytes wait to be taken by the peer: ${text}`;
}

function connectionText(connection: WhyConnection | null): string {
  if (connection === null) return "a connection";
  const { direction, port, peer, peerAddress, peerPort } = connection;
  const far = `${peer} (${peerAddress}:${peerPort})`;
  return direction === "in" ? `${far} on port ${port}` : `to ${far} from port ${port}`;
}

function failureLines({ failure, state }: HostWhy, nowMs: number): readonly string[] {
  if (failure === null) return [];
  const { code, message, retryAt } = failure;
  const waitMs = retryAt === null ? 0 : Date.parse(retryAt) - nowMs;
  const retry = waitMs > 0 ? `; connects fail for another ${formatSpan(waitMs)}` : "";
  return [`${state === "failed" ? "failed" : "last failure"}: ${code}: ${message}${retry}`];
}

function wokenByText({ wokenBy, host }: HostWhy): string {
  const texts = wokenBy.map(({ signal, port }) => {
    switch (signal) {
      case "connect":
        return `a connection to port ${port}`;
      case "datagram":
        return `a datagram to port ${port}`;
      case "data":
        return "anything on an open connection";
      case "wake":
        return `im wake ${host}`;
      default:
        return signal;
    }
  });
  return texts.join(", ");
}
