import test from "ava";
import { describeVerdict, type VerdictWords } from "../../platform/daemon/host-why.js";
import { hostWhy } from "../../platform/daemon/why-document.js";
import type { AwakeReason } from "../../platform/idle/awake-reason.js";
import { parseAddress } from "../../platform/network/layout.js";
import type { Connection } from "../../platform/ports/sensor.js";

const words: VerdictWords = {
  nameOf: (address) => (address === parseAddress("127.64.0.12") ? "api" : "outside"),
  commandOf: (pid) => `command ${pid}`,
  // Another port stands in for 80.
  declaredPort: ({ port }) => (port === 34_567 ? 80 : null),
};
const connection: Connection = {
  ...{ id: 1, protocol: "tcp", address: parseAddress("127.64.0.11"), port: 34_567 },
  ...{ peerAddress: parseAddress("127.64.0.12"), peerPort: 50_000, waiting: false },
  ...{ receiveQueue: 7, sendQueue: 0, received: 1, sent: 1 },
  ...{ lastReceivedAtMs: 0, lastSentAtMs: 0, lastAcknowledgedAtMs: 0 },
  ...{ acksReceived: 0, acksSent: 0 },
};
const inbound = {
  ...{ protocol: "tcp", direction: "in", port: 80, peer: "api" },
  ...{ peerAddress: "127.64.0.12", peerPort: 50_000, receiveQueue: 7, sendQueue: 0 },
};

const rows: readonly (readonly [reason: AwakeReason, told: Readonly<Record<string, unknown>>])[] = [
  [{ rule: "never" }, {}],
  [{ rule: "minimum", leftMs: 5 }, { leftMs: 5 }],
  [{ rule: "timer", leftMs: 4 }, { leftMs: 4 }],
  [{ rule: "unaccepted", connection }, { connection: inbound }],
  [
    { rule: "queued", connection, forMs: 6 },
    { connection: inbound, forMs: 6 },
  ],
  [{ rule: "traffic", connection: null, agoMs: 7 }, { agoMs: 7 }],
  [
    { rule: "traffic", connection, agoMs: 7 },
    { agoMs: 7, connection: inbound },
  ],
  [
    { rule: "process", pid: 42, agoMs: 8 },
    { agoMs: 8, process: { pid: 42, command: "command 42" } },
  ],
  [
    { rule: "process", pid: null, agoMs: 8 },
    { agoMs: 8, process: { pid: null, command: null } },
  ],
  [
    { rule: "answering", connection, forMs: 9 },
    { connection: inbound, forMs: 9 },
  ],
  [
    { rule: "asking", connection: { ...connection, port: 40_000 }, forMs: 9 },
    { connection: { ...inbound, direction: "out", port: 40_000 }, forMs: 9 },
  ],
];
const nothing = { agoMs: null, forMs: null, leftMs: null, connection: null, process: null };

for (const [reason, told] of rows) {
  test(`the document says what ${JSON.stringify(told)} of the rule ${reason.rule} is`, (t) => {
    const awake = describeVerdict({ idle: false, reason, quietMs: 3 }, words);
    t.like(awake, { ...nothing, rule: reason.rule, quietMs: 3, ...told });
    t.true(hostWhy.shape.awake.safeParse(awake).success);
  });
}

test("a host that is idle, or was not looked at, is kept awake by nothing", (t) => {
  const idle = describeVerdict({ idle: true, quietMs: 30, tied: false }, words);
  t.like(idle, { ...nothing, rule: "idle", quietMs: 30 });
  const unknown = describeVerdict(null, words);
  t.like(unknown, { ...nothing, rule: "unknown", quietMs: null });
});
