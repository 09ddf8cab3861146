import test from "ava";
import { type Heard, hear, type Speaker } from "../../platform/idle/heard.js";
import type { Connection } from "../../platform/ports/sensor.js";
import { connection } from "./look.js";

/** Both spoke within one tick, and each acknowledged something without data. */
const before = connection({ received: 10, sent: 10, acksReceived: 2, acksSent: 3 });
const at = { lastReceivedAtMs: 1000, lastSentAtMs: 1000, lastAcknowledgedAtMs: 1000 };
const tied = { ...before, ...at, received: 20, sent: 20, acksReceived: 3, acksSent: 4 };

function heardAt(atMs: number, ...seen: readonly Connection[]): Heard {
  const first = hear(null, before, 900);
  return seen.reduce((heard, one) => hear(heard, one, atMs), first);
}

const rows: readonly (readonly [title: string, atMs: number, Partial<Connection>, Speaker])[] = [
  ["each acknowledged at once", 2000, {}, "tie"],
  ["one tick lies between them", 1000, { lastSentAtMs: 1004 }, "host"],
  ["one tick lies between them", 1000, { lastReceivedAtMs: 1004 }, "peer"],
  ["the host acknowledged with its answer", 1250, { acksSent: 3 }, "host"],
  ["its acknowledgement may yet come", 1249, { acksSent: 3 }, "tie"],
  ["the peer acknowledged with its question", 1000, { acksReceived: 2 }, "peer"],
  ["the peer has not got all of it", 1000, { acksReceived: 2, sendQueue: 10 }, "tie"],
  ["the peer acknowledged later than it asked", 2000, { lastAcknowledgedAtMs: 1040 }, "host"],
  ["the peer answered a keep-alive", 9000, { lastAcknowledgedAtMs: 2000 }, "tie"],
];

for (const [title, atMs, more, expected] of rows) {
  test(`within one look ${expected} spoke last where ${title}`, (t) => {
    t.is(heardAt(atMs, { ...tied, ...more }).speaker, expected);
  });
}

test("a tie is decided by what is acknowledged after it", (t) => {
  const later = { ...tied, lastAcknowledgedAtMs: 1040, acksReceived: 4 };
  const heard = heardAt(2000, tied, later);
  t.is(heard.speaker, "host");
  t.is(heard.movedAtMs, 2000);
  // The very same, but old enough by now.
  const first = hear(hear(null, before, 900), { ...tied, acksSent: 3 }, 1100);
  t.is(first.speaker, "tie");
  t.like(hear(first, first.connection, 1300), { speaker: "host", movedAtMs: 1100 });
});

test("an acknowledgement is neither traffic nor a word", (t) => {
  const heard = heardAt(2000, { ...before, acksReceived: 9, lastAcknowledgedAtMs: 1999 });
  t.is(heard.movedAtMs, -1000);
});

test("what moves while it is looked at has moved by then, and not later", (t) => {
  const moving = { ...before, lastReceivedAtMs: 1001, lastSentAtMs: 1002 };
  t.is(hear(null, moving, 1000).movedAtMs, 1000);
});
