/** Why a host is in the state that it is in. */
import type { AwakeReason, Verdict } from "../idle/awake-reason.js";
import { formatAddress } from "../network/layout.js";
import type { Connection } from "../ports/sensor.js";
import type { SupervisedHost } from "../supervisor/supervised-host.js";
import type { Deployment } from "./deployment.js";
import { errorOf } from "./deployment-status.js";
import type { Node } from "./node.js";
import { commandOf } from "./system-observation-adapter.js";
import { wakeChain } from "./wake-chain.js";
import type { HostWhy, WhyAwake, WhyConnection } from "./why-document.js";

type NameOf = (address: number) => string;

export function hostWhy(deployment: Deployment, host: SupervisedHost, node: Node): HostWhy {
  const { supervisor, history, stored } = deployment;
  const { name } = host.declared;
  const { changedAtMs } = host.history;
  return {
    deployment: stored.manifest.deployment,
    host: name,
    state: host.state,
    incarnation: host.incarnation,
    at: new Date(node.clock.nowMs()).toISOString(),
    since: changedAtMs === null ? null : new Date(changedAtMs).toISOString(),
    ...wakeChain(name, {
      events: history.events,
      isHost: (other) => supervisor.hosts.has(other),
      present(other) {
        const found = supervisor.hosts.get(other);
        const wake = found?.history.presentWake ?? null;
        return wake === null ? null : { incarnation: found?.incarnation ?? 0, wake };
      },
    }),
    awake: host.state === "running" ? whyAwake(host, deployment) : null,
    wokenBy: wokenBy(host),
    failure: errorOf(host),
  };
}

function whyAwake(host: SupervisedHost, { supervisor }: Deployment): WhyAwake {
  const nameOf: NameOf = (address) => supervisor.origins.nameOf(address);
  return describeVerdict(host.verdict, {
    nameOf,
    commandOf,
    declaredPort: ({ protocol, port }) =>
      host.declared.listen.find((one) => one.protocol === protocol && host.mappedPort(one) === port)
        ?.port ?? null,
  });
}

export interface VerdictWords {
  readonly nameOf: NameOf;
  readonly commandOf: (pid: number) => string | null;
  /** The port of the host that its own end of a connection is; null: it is the one that called. */
  readonly declaredPort: (connection: Connection) => number | null;
}

export function describeVerdict(verdict: Verdict | null, words: VerdictWords): WhyAwake {
  const reason = verdict === null || verdict.idle ? null : verdict.reason;
  const about = {
    quietMs: verdict?.quietMs ?? null,
    agoMs: null,
    forMs: null,
    leftMs: null,
    connection: null,
    process: null,
  };
  if (reason === null) return { ...about, rule: verdict === null ? "unknown" : "idle" };
  return { ...about, rule: reason.rule, ...describeReason(reason, words) };
}

function describeReason(reason: AwakeReason, words: VerdictWords): Partial<WhyAwake> {
  switch (reason.rule) {
    case "never":
      return {};
    case "minimum":
    case "timer":
      return { leftMs: reason.leftMs };
    case "unaccepted":
      return { connection: described(reason.connection, words) };
    case "traffic": {
      const { connection, agoMs } = reason;
      return { agoMs, connection: connection === null ? null : described(connection, words) };
    }
    case "process": {
      const { pid, agoMs } = reason;
      return { agoMs, process: { pid, command: pid === null ? null : words.commandOf(pid) } };
    }
    case "queued":
    case "answering":
    case "asking":
      return { forMs: reason.forMs, connection: described(reason.connection, words) };
    default:
      reason satisfies never;
      return {};
  }
}

function described(connection: Connection, words: VerdictWords): WhyConnection {
  const { protocol, port, peerAddress, peerPort, receiveQueue, sendQueue } = connection;
  const declared = words.declaredPort(connection);
  return {
    protocol,
    direction: declared === null ? "out" : "in",
    port: declared ?? port,
    peer: words.nameOf(peerAddress),
    peerAddress: formatAddress(peerAddress),
    peerPort,
    receiveQueue,
    sendQueue,
  };
}

/** A host that is on its way, up or down, is woken by nothing: what comes waits. */
function wokenBy({ state, declared }: SupervisedHost): HostWhy["wokenBy"] {
  if (state !== "imaginary" && state !== "suspended" && state !== "failed") return [];
  const arrivals = declared.listen.map(({ port, protocol }) => ({
    signal: protocol === "tcp" ? "connect" : "datagram",
    port,
  }));
  const sleeps = state === "suspended";
  const hasTimer = declared.wakeEveryMs !== null || (sleeps && declared.idle.honorsTimers);
  const signals = [...(sleeps ? ["data"] : []), ...(hasTimer ? ["timer"] : []), "wake"];
  return [...arrivals, ...signals.map((signal) => ({ signal, port: null }))];
}
