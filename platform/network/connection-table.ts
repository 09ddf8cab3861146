/**
 * Connections by their address, from one look to the next. What has not changed is the same object
 * as before, and so is the list of an address where nothing has: of thousands of connections that
 * rest, a look reads numbers and makes nothing.
 */
import { connectionFields } from "../../shim/index.js";
import type { Connection } from "../ports/sensor.js";

const tcp = 6;
/** Established, and closed by the peer. */
const acceptable = new Set([1, 8]);
const width = connectionFields.length;
const cookieAt = connectionFields.indexOf("cookie");
const markAt = connectionFields.indexOf("mark");

export class ConnectionTable {
  #marks: readonly number[] = [];
  #connections: readonly Connection[] = [];
  #byAddress: ReadonlyMap<number, readonly Connection[]> = new Map();

  /** `rows` as `Addon.connections` gives them, read at `atMs`. */
  renew(rows: Float64Array, atMs: number): ReadonlyMap<number, readonly Connection[]> {
    const before = this.#connections;
    const connections: Connection[] = [];
    const marks: number[] = [];
    const changed = new Set<number>();
    let indexes: Map<number, number> | null = null;
    let next = 0;
    for (let at = 0; at < rows.length; at += width, next += 1) {
      const id = rows[at + cookieAt] ?? 0;
      const mark = rows[at + markAt] ?? 0;
      // The kernel tells them in the same order, but for those that came and went.
      if (before[next]?.id !== id) {
        indexes ??= new Map(before.map((connection, index) => [connection.id, index]));
        next = indexes.get(id) ?? before.length;
      }
      const known = before[next];
      const isSame = known !== undefined && this.#marks[next] === mark;
      const connection = isSame ? known : readConnection(rows, at, atMs);
      if (!isSame) changed.add(connection.address);
      connections.push(connection);
      marks.push(mark);
    }
    const isShorter = indexes !== null || connections.length < before.length;
    if (isShorter || changed.size > 0) this.#group(connections, changed);
    this.#connections = connections;
    this.#marks = marks;
    return this.#byAddress;
  }

  /** Anew for those addresses where something is not as it was. */
  #group(connections: readonly Connection[], changed: Set<number>): void {
    const left = new Set(connections);
    for (const one of this.#connections) if (!left.has(one)) changed.add(one.address);
    const all = new Map<number, readonly Connection[]>();
    for (const [address, group] of this.#byAddress) {
      if (!changed.has(address)) all.set(address, group);
    }
    const groups = new Map<number, Connection[]>();
    for (const one of connections) {
      if (!changed.has(one.address)) continue;
      const group = groups.get(one.address);
      if (group === undefined) groups.set(one.address, [one]);
      else group.push(one);
    }
    for (const [address, group] of groups) all.set(address, group);
    this.#byAddress = all;
  }
}

/** Of one look alone. */
export function connectionsOf(rows: Float64Array, atMs: number): readonly Connection[] {
  const connections: Connection[] = [];
  for (let at = 0; at < rows.length; at += width) connections.push(readConnection(rows, at, atMs));
  return connections;
}

function readConnection(rows: Float64Array, at: number, atMs: number): Connection {
  const [
    protocol = 0,
    address = 0,
    port = 0,
    peerAddress = 0,
    peerPort = 0,
    state = 0,
    receiveQueue = 0,
    sendQueue = 0,
    received = 0,
    sent = 0,
    lastReceivedMs = 0,
    lastSentMs = 0,
    lastAcknowledgedMs = 0,
    acksReceived = 0,
    acksSent = 0,
    inode = 0,
    id = 0,
  ] = rows.subarray(at, at + width);
  return {
    id,
    protocol: protocol === tcp ? "tcp" : "udp",
    address,
    port,
    peerAddress,
    peerPort,
    // One that was closed has no inode either, but is in another state.
    waiting: protocol === tcp && inode === 0 && acceptable.has(state),
    receiveQueue,
    sendQueue,
    received,
    sent,
    lastReceivedAtMs: atMs - lastReceivedMs,
    lastSentAtMs: atMs - lastSentMs,
    lastAcknowledgedAtMs: atMs - lastAcknowledgedMs,
    acksReceived,
    acksSent,
  };
}
