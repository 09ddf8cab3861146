import test from "ava";
import type { Connection } from "../../platform/ports/sensor.js";
import {
  sourceAmong,
  sourceKnown,
  sourceWaiting,
  tellsPeer,
} from "../../platform/supervisor/wake-source.js";

function connection(id: number, more: Partial<Connection> = {}): Connection {
  return {
    ...{ id, protocol: "tcp", address: 1, port: 80, peerAddress: 10 + id, peerPort: 1000 + id },
    ...{ waiting: false, receiveQueue: 0, sendQueue: 0, received: 0, sent: 0 },
    ...{ lastReceivedAtMs: 0, lastSentAtMs: 0, lastAcknowledgedAtMs: 0 },
    ...{ acksReceived: 0, acksSent: 0, ...more },
  };
}

const known = new Set([1, 2, 3]);
const open = [1, 2, 3].map((id) => connection(id));
const of = (id: number) => ({ port: 80, source: { address: 10 + id, port: 1000 + id } });

test("data on a connection that was open names its other end", (t) => {
  t.deepEqual(sourceAmong(open, known, 2), { signal: "data", ...of(2) });
  const filled = [...open, connection(3, { receiveQueue: 5 })];
  t.deepEqual(sourceAmong(filled, known, null), { signal: "data", ...of(3) });
});

test("one that was open is known without a look, also where it is gone", (t) => {
  t.deepEqual(sourceKnown(connection(2)), { signal: "data", ...of(2) });
  t.like(sourceKnown(connection(4, { protocol: "udp" })), { signal: "datagram" });
});

test("a socket of datagrams tells its peer only where it is connected", (t) => {
  t.true(tellsPeer(connection(4, { protocol: "udp" })));
  t.false(tellsPeer(connection(4, { protocol: "udp", peerAddress: 0, peerPort: 0 })));
});

test("a connection that was not there before is a connect, accepted or not", (t) => {
  const accepted = [...open, connection(7)];
  t.deepEqual(sourceAmong(accepted, known, 99), { signal: "connect", ...of(7) });
  const waiting = [connection(8), ...open, connection(9, { waiting: true })];
  t.deepEqual(sourceAmong(waiting, known, null), { signal: "connect", ...of(9) });
});

test("a datagram is one, known or not, and who has gone is not made up", (t) => {
  const socket = connection(4, { protocol: "udp", receiveQueue: 1 });
  t.like(sourceAmong([...open, socket], known, 4), { signal: "datagram" });
  t.is(sourceAmong(open, known, 99), null);
});

test("who waits in a queue is told by the queue", (t) => {
  const source = { address: 5, port: 6 };
  t.deepEqual(sourceWaiting({ protocol: "tcp", port: 80, source }), {
    ...{ signal: "connect", port: 80, source },
  });
  t.like(sourceWaiting({ protocol: "udp", port: 53, source }), { signal: "datagram" });
});
