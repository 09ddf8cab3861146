/** Sockets by sock_diag, processes by /proc. */
import { type Addon, connectionFields, processFields, timerFields } from "../../shim/index.js";
import type { Connection, ProcessUse, Sensor, Wait } from "../ports/sensor.js";
import { guestsBelow } from "./guests-below.js";
import { overlayBase, overlayPrefixBits } from "./layout.js";

const tcp = 6;
/** Established, and closed by the peer. */
const acceptable = new Set([1, 8]);
const blockedState = "D".charCodeAt(0);

export class SystemSensor implements Sensor {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  connections(address?: number): ReadonlyMap<number, readonly Connection[]> {
    const rows =
      address === undefined
        ? this.#addon.connections(overlayBase, overlayPrefixBits)
        : this.#addon.connections(address, 32);
    const byAddress = new Map<number, Connection[]>();
    for (let at = 0; at < rows.length; at += connectionFields.length) {
      const connection = readConnection(rows, at);
      const known = byAddress.get(connection.address);
      if (known === undefined) byAddress.set(connection.address, [connection]);
      else known.push(connection);
    }
    return byAddress;
  }

  processes(roots: readonly number[]): readonly (readonly ProcessUse[])[] {
    const trees: ProcessUse[][] = roots.map(() => []);
    const rows = this.#addon.processTrees(roots);
    for (let at = 0; at < rows.length; at += processFields.length) {
      const [root = 0, pid = 0, cpuMs = 0, state = 0] = rows.subarray(at);
      trees[root]?.push({ pid, cpuMs, blocked: state === blockedState });
    }
    return trees;
  }

  waits(runtimePid: number): readonly Wait[] {
    const rows = this.#addon.timers(guestsBelow(this.#addon, runtimePid));
    const waits: Wait[] = [];
    for (let at = 0; at < rows.length; at += timerFields.length) {
      const [, thread = 0, switches = 0, absolute = 0, ms = 0] = rows.subarray(at);
      if (absolute === 1) waits.push({ thread, switches, dueMs: ms, forMs: null });
      else waits.push({ thread, switches, dueMs: null, forMs: ms });
    }
    return waits;
  }
}

function readConnection(rows: Float64Array, at: number): Connection {
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
    inode = 0,
    id = 0,
  ] = rows.subarray(at, at + connectionFields.length);
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
    lastReceivedMs,
    lastSentMs,
  };
}
