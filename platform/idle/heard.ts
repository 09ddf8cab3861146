/**
 * What is known of one connection from one look to the next: did anything move, and who spoke last.
 * Counters tell both; where both grew between two looks, the kernel's own times decide, unless they
 * tie. A tie says nothing: it neither protects a host nor may it lose a request.
 */
import type { Connection } from "../ports/sensor.js";

export type Speaker = "host" | "peer" | "tie" | "nobody";

export interface Heard {
  readonly connection: Connection;
  readonly speaker: Speaker;
  /** Monotonic ms: when it was last seen to have moved. */
  readonly movedAtMs: number;
}

/** Two of the kernel's ticks: closer than that its times do not tell an order. */
const tieMs = 8;

export function hear(before: Heard | null, now: Connection, atMs: number): Heard {
  if (before === null) {
    const { received, sent } = now;
    // It may have been silent for long when somebody looks at it for the first time.
    const movedAtMs = Math.max(now.lastReceivedAtMs, now.lastSentAtMs);
    return { connection: now, speaker: speakerOf(received, sent, now), movedAtMs };
  }
  if (now === before.connection) return before;
  const received = now.received - before.connection.received;
  const sent = now.sent - before.connection.sent;
  const still =
    received === 0 &&
    sent === 0 &&
    now.receiveQueue === before.connection.receiveQueue &&
    now.sendQueue === before.connection.sendQueue &&
    now.waiting === before.connection.waiting;
  return {
    connection: now,
    speaker: received === 0 && sent === 0 ? before.speaker : speakerOf(received, sent, now),
    movedAtMs: still ? before.movedAtMs : atMs,
  };
}

function speakerOf(received: number, sent: number, now: Connection): Speaker {
  if (received > 0 && sent === 0) return "peer";
  if (received === 0 && sent > 0) return "host";
  if (received === 0 && sent === 0) return "nobody";
  const laterMs = now.lastSentAtMs - now.lastReceivedAtMs;
  if (Math.abs(laterMs) < tieMs) return "tie";
  return laterMs > 0 ? "host" : "peer";
}
