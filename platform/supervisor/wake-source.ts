/** Which of a host's connections has woken it. */
import type { Cause } from "../lifecycle/events.js";
import type { Connection } from "../ports/sensor.js";
import type { SocketAddress } from "../ports/sockets.js";
import type { Waiting } from "./placeholder-set.js";

export interface WakeSource extends Pick<Cause, "signal" | "port"> {
  /** The other end. */
  readonly source: SocketAddress;
}

export function sourceWaiting({ protocol, port, source }: Waiting): WakeSource {
  return { signal: protocol === "udp" ? "datagram" : "connect", port, source };
}

/** `known`: those that it had when it fell asleep; `signalled`: whose signal it was, if any's. */
export function sourceAmong(
  connections: readonly Connection[],
  known: ReadonlySet<number>,
  signalled: number | null,
): WakeSource | null {
  const connection =
    connections.find(({ id }) => id === signalled) ??
    connections.find(({ waiting }) => waiting) ??
    connections.find(({ id }) => !known.has(id)) ??
    connections.find(({ receiveQueue }) => receiveQueue > 0);
  if (connection === undefined) return null;
  const { id, protocol, port, peerAddress: address, peerPort } = connection;
  const source = { address, port: peerPort };
  if (protocol === "udp") return { signal: "datagram", port, source };
  return { signal: known.has(id) ? "data" : "connect", port, source };
}
