import { backOffMs } from "../lifecycle/decide.js";
import { formatAddress, formatPort, portKey } from "../network/layout.js";
import type { SupervisedHost } from "../supervisor/supervised-host.js";
import type { Deployment } from "./deployment.js";
import type { Node } from "./node.js";
import type { DeploymentStatus, HostStatus } from "./service.js";
import { SystemObservation } from "./system-observation-adapter.js";

/** Hosts of a class with a count appear once they have been real; the rest is counted. */
export function deploymentStatus(deployment: Deployment, node: Node): DeploymentStatus {
  const { stored, supervisor } = deployment;
  const counted = new Set(
    stored.manifest.classes.filter((c) => c.count !== null).map((c) => c.name),
  );
  const seen = new SystemObservation();
  const hosts: HostStatus[] = [];
  let imaginary = 0;
  for (const host of supervisor.hosts.values()) {
    if (counted.has(host.declared.className) && host.incarnation === 0) imaginary += 1;
    else hosts.push(hostStatus(host, node, seen));
  }
  const { deployment: name } = stored.manifest;
  const { unread } = supervisor;
  const known = unread === null ? {} : { unread: `${unread.message}: ${unread.details.received}` };
  return { deployment: name, cloud: stored.cloud, since: stored.since, hosts, imaginary, ...known };
}

export function hostStatus(
  host: SupervisedHost,
  node: Node,
  seen = new SystemObservation(),
): HostStatus {
  const { declared, history } = host;
  const runtime = host.environment.processes?.runtime;
  const tree = runtime === undefined ? null : seen.guestsBelow(runtime);
  const { lastWake, lastSuspend } = history;
  return {
    name: declared.name,
    class: declared.className,
    state: history.state,
    address: formatAddress(declared.address),
    listen: declared.listen.map(formatPort),
    ...mappedPorts(host),
    incarnation: host.incarnation,
    wakes: history.wakes,
    pids: tree?.pids ?? [],
    connections: tree === null ? 0 : seen.connections(declared.address),
    idleForMs: idleForMs(host, node),
    lastWake:
      lastWake === null
        ? null
        : {
            signal: lastWake.signal,
            by: lastWake.by,
            port: lastWake.port,
            at: new Date(lastWake.atMs).toISOString(),
            tookMs: lastWake.tookMs,
          },
    lastSuspend:
      lastSuspend === null
        ? null
        : { at: new Date(lastSuspend.atMs).toISOString(), tookMs: lastSuspend.tookMs },
    memoryMb: tree?.memoryMb ?? null,
    billedMs: node.billedMs(declared.functionName, declared.name),
    error: errorOf(host),
  };
}

function idleForMs({ state, history, verdict }: SupervisedHost, node: Node): number | null {
  if (state === "running") return verdict?.quietMs ?? null;
  if (state !== "suspended" || history.lastSuspend === null) return null;
  return Math.max(0, node.clock.nowMs() - history.lastSuspend.atMs);
}

function mappedPorts(host: SupervisedHost): Pick<HostStatus, "mapped"> {
  const mapped = host.declared.listen
    .filter((port) => host.mappedPort(port) !== port.port)
    .map((port) => [portKey(port), host.mappedPort(port)] as const);
  return mapped.length === 0 ? {} : { mapped: Object.fromEntries(mapped) };
}

export function errorOf(host: SupervisedHost): HostStatus["error"] {
  const { failure, failuresInARow, history } = host;
  if (failure === null) return null;
  const retries = host.state === "failed" && history.failedAtMs !== null;
  const retryAtMs = retries ? (history.failedAtMs ?? 0) + backOffMs(failuresInARow) : null;
  const retryAt = retryAtMs === null ? null : new Date(retryAtMs).toISOString();
  return { code: failure.code, message: failure.message, retryAt };
}
