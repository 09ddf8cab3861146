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

/** Datagrams of anybody come in on a socket that has no peer: it does not tell whose they are. */
export function tellsPeer({ peerAddress }: Connection): boolean {
  return peerAddress !== 0;
}

/** One that it had when it fell asleep, also where it is gone by now. */
export function sourceKnown(connection: Connection): WakeSource {
  const { protocol, port, peerAddress: address, peerPort } = connection;
  const signal = protocol === "udp" ? "datagram" : "data";
  return { signal, port, source: { address, port: peerPort } };
}

/** `known`: those that it had when it fell asleep; `signalled`: whose signal it was, if any's. */
export function sourceAmong(
  connections: readonly Connection[],
  known: Pick<ReadonlySet<number>, "has">,
  signalled: number | null,
): WakeSource | null {
  const connection =
    connections.find(({ id }) => id === signalled) ??
    connections.find(({ waiting }) => waiting) ??
    connections.find(({ id }) => !known.has(id)) ??
    connections.find(({ receiveQueue }) => receiveQueue > 0);
  if (connection === undefined) return null;
  const source = sourceKnown(connection);
  const isNew = source.signal === "data" && !known.has(connection.id);
  return isNew ? { ...source, signal: "connect" } : source;
}
