/** Sockets by sock_diag, processes by /proc. */
import { type Addon, processFields, timerFields } from "../../shim/index.js";
import type { Clock } from "../ports/clock.js";
import type { ClosedConnection, Connection, ProcessUse, Sensor, Wait } from "../ports/sensor.js";
import { ConnectionTable, connectionsOf } from "./connection-table.js";
import { guestsBelow } from "./guests-below.js";
import { overlayBase, overlayPrefixBits } from "./layout.js";

const blockedState = "D".charCodeAt(0);

export class SystemSensor implements Sensor {
  readonly #addon: Addon;
  readonly #clock: Clock;
  readonly #table = new ConnectionTable();
  #rows: Float64Array = new Float64Array();

  constructor(addon: Addon, clock: Clock) {
    this.#addon = addon;
    this.#clock = clock;
  }

  get usedMs(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }

  connections(): ReadonlyMap<number, readonly Connection[]> {
    this.#rows = this.#addon.connections(overlayBase, overlayPrefixBits, this.#rows);
    return this.#table.renew(this.#rows, this.#clock.monotonicMs());
  }

  connectionsOf(address: number): readonly Connection[] {
    return connectionsOf(this.#addon.connections(address, 32), this.#clock.monotonicMs());
  }

  lastClosed(address: number): ClosedConnection | null {
    const closed = this.#addon.lastClosed(address);
    if (closed === null) return null;
    const { agoMs, port, peerAddress, peerPort } = closed;
    const atMs = this.#clock.monotonicMs() - agoMs;
    const connection: Connection = {
      ...{ id: 0, protocol: "tcp", address, port, peerAddress, peerPort, waiting: false },
      ...{ receiveQueue: 0, sendQueue: 0, received: 0, sent: 0, acksReceived: 0, acksSent: 0 },
      ...{ lastReceivedAtMs: atMs, lastSentAtMs: atMs, lastAcknowledgedAtMs: atMs },
    };
    return { connection, agoMs };
  }

  processes(roots: readonly number[]): readonly (readonly ProcessUse[])[] {
    const trees: ProcessUse[][] = roots.map(() => []);
    const rows = this.#addon.processTrees(roots);
    for (let at = 0; at < rows.length; at += processFields.length) {
      const tree = trees[rows[at] ?? 0];
      const blocked = rows[at + 3] === blockedState;
      tree?.push({ pid: rows[at + 1] ?? 0, cpuMs: rows[at + 2] ?? 0, blocked });
    }
    return trees;
  }

  waits(runtimePid: number): readonly Wait[] {
    const rows = this.#addon.timers(guestsBelow(this.#addon, runtimePid).pids);
    const waits: Wait[] = [];
    for (let at = 0; at < rows.length; at += timerFields.length) {
      const [, thread = 0, switches = 0, absolute = 0, ms = 0] = rows.subarray(at);
      if (absolute === 1) waits.push({ thread, switches, dueMs: ms, forMs: null });
      else waits.push({ thread, switches, dueMs: null, forMs: ms });
    }
    return waits;
  }
}
