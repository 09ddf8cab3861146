/**
 * What is known of one connection from one look to the next: did anything move, and who spoke last.
 * Counters tell both; where both grew between two looks, the kernel's own times decide, and where
 * these tie, what was acknowledged and how:
 *
 * - All that came was acknowledged by what the host sent with data: so it sent after all that came.
 * - All that went was acknowledged by what the peer sent with data: so the peer did.
 * - The peer acknowledged, without data, after the last that came: it had got more from the host.
 *
 * Else it is a tie, which says nothing: it neither protects a host nor may it lose a request. The
 * first exchange of a connection may be one, since the kernel acknowledges at once there.
 */
import type { Connection } from "../ports/sensor.js";

export type Speaker = "host" | "peer" | "tie" | "nobody";

export interface Heard {
  readonly connection: Connection;
  readonly speaker: Speaker;
  /** Monotonic ms: when it was last seen to have moved. */
  readonly movedAtMs: number;
  /** At the look before it moved: segments without data. */
  readonly since: Acks;
}

type Acks = Pick<Connection, "acksReceived" | "acksSent">;

const noAcks: Acks = { acksReceived: 0, acksSent: 0 };
/** Linux acknowledges after 200 ms at the latest (TCP_DELACK_MAX), and a tick of its timer. */
const ackDelayMsMax = 250;
/** What comes later than that may be the answer to a keep-alive (a second at least). */
const ackAnswerMsMax = 500;

export function hear(before: Heard | null, now: Connection, atMs: number): Heard {
  if (before === null) {
    const { received, sent, lastReceivedAtMs, lastSentAtMs } = now;
    // It may have been silent for long when somebody looks at it for the first time, or have moved
    // while the look was taken.
    const movedAtMs = Math.min(atMs, Math.max(lastReceivedAtMs, lastSentAtMs));
    const speaker = speakerOf(received, sent, now, noAcks, atMs);
    return { connection: now, speaker, movedAtMs, since: noAcks };
  }
  const received = now.received - before.connection.received;
  const sent = now.sent - before.connection.sent;
  if (received === 0 && sent === 0) return unspoken(before, now, atMs);
  const since = before.connection;
  const speaker = speakerOf(received, sent, now, since, atMs);
  return { connection: now, speaker, movedAtMs: atMs, since };
}

/** Nobody has said more; acknowledgements that have come since may tell who was the last. */
function unspoken(before: Heard, now: Connection, atMs: number): Heard {
  const { connection, since } = before;
  const still =
    now.receiveQueue === connection.receiveQueue &&
    now.sendQueue === connection.sendQueue &&
    now.waiting === connection.waiting;
  const speaker = before.speaker === "tie" ? lastOfBoth(now, since, atMs) : before.speaker;
  return { connection: now, speaker, movedAtMs: still ? before.movedAtMs : atMs, since };
}

function speakerOf(
  received: number,
  sent: number,
  now: Connection,
  since: Acks,
  atMs: number,
): Speaker {
  if (received > 0 && sent === 0) return "peer";
  if (received === 0 && sent > 0) return "host";
  if (received === 0 && sent === 0) return "nobody";
  return lastOfBoth(now, since, atMs);
}

function lastOfBoth(now: Connection, since: Acks, atMs: number): Speaker {
  const { lastReceivedAtMs, lastSentAtMs, lastAcknowledgedAtMs, sendQueue } = now;
  if (lastSentAtMs !== lastReceivedAtMs) return lastSentAtMs > lastReceivedAtMs ? "host" : "peer";
  const isAcknowledged = atMs - lastReceivedAtMs >= ackDelayMsMax;
  if (isAcknowledged && now.acksSent === since.acksSent) return "host";
  if (sendQueue === 0 && now.acksReceived === since.acksReceived) return "peer";
  const acknowledgedMs = lastAcknowledgedAtMs - lastReceivedAtMs;
  if (acknowledgedMs > 0 && acknowledgedMs <= ackAnswerMsMax) return "host";
  return "tie";
}
