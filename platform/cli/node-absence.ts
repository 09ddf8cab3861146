/**
 * How long a supervisor that is away is worth waiting for. One that was killed leaves its socket,
 * and is started again; one that ended properly (`im down`) takes it along.
 */
const awayMsMax = 60_000;
const removedMsMax = 3_000;
const firstPauseMs = 20;
const pauseMsMax = 500;

/** What says no more than that there is no supervisor, or that it is busy. */
const passing = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EAGAIN", "EINPROGRESS"]);

export interface AbsenceLimits {
  readonly awayMs?: number;
  readonly removedMs?: number;
}

export class NodeAbsence {
  readonly #awayMs: number;
  readonly #removedMs: number;
  #sinceMs: number | null = null;
  #removedSinceMs: number | null = null;
  #pauseMs = firstPauseMs;

  constructor({ awayMs = awayMsMax, removedMs = removedMsMax }: AbsenceLimits = {}) {
    this.#awayMs = awayMs;
    this.#removedMs = removedMs;
  }

  /** After a failed attempt: the pause before the next, null where none is worth making. */
  pauseAfter(error: unknown): number | null {
    const code = codeOf(error);
    if (code === undefined || !passing.has(code)) return null;
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    if (code === "ENOENT") this.#removedSinceMs ??= nowMs;
    else this.#removedSinceMs = null;
    if (nowMs - this.#sinceMs >= this.#awayMs) return null;
    if (nowMs - (this.#removedSinceMs ?? nowMs) >= this.#removedMs) return null;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, pauseMsMax);
    return pauseMs;
  }

  /** A supervisor has answered. */
  over(): void {
    this.#sinceMs = null;
    this.#removedSinceMs = null;
    this.#pauseMs = firstPauseMs;
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
