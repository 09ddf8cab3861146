/** Connections and processes as a sensor would tell of them. */
import type { Connection, ProcessUse } from "../../platform/ports/sensor.js";

let nextId = 1;

const hostAddress = 0x7f400101;
export const servedPort = 80;

/** One that came to the host's port 80, silent for ever, unless said otherwise. */
export function connection(over: Partial<Connection> = {}): Connection {
  return {
    id: nextId++,
    protocol: "tcp",
    address: hostAddress,
    port: servedPort,
    peerAddress: 0x7f400102,
    peerPort: 40_000,
    waiting: false,
    receiveQueue: 0,
    sendQueue: 0,
    received: 0,
    sent: 0,
    lastReceivedAtMs: -1000,
    lastSentAtMs: -1000,
    lastAcknowledgedAtMs: -1000,
    acksReceived: 0,
    acksSent: 0,
    ...over,
  };
}

/** One that the host opened to another's port 80. */
export function outbound(over: Partial<Connection> = {}): Connection {
  return connection({ port: 41_000, peerPort: 80, ...over });
}

export function using(cpuMs: number, pid = 1): ProcessUse {
  return { pid, cpuMs, blocked: false };
}
