/**
 * When an invocation has to be answered so that the environment outlives it. The deadline comes
 * by the wall clock and is looked at once: from then on the time is measured.
 */
/** For the answer, by a process that may have to wait for the CPU. */
const marginMs = 5_000;
/** Lambda's own limit. */
const invocationMsMax = 900_000;

export class Deadline {
  /** When it is time to answer; never, where there is no deadline. */
  readonly near: Promise<"near">;
  #timer: NodeJS.Timeout | null = null;

  /** `deadlineMs`: wall clock. */
  constructor(deadlineMs: number | null, nowMs = Date.now()) {
    this.near = new Promise((resolve) => {
      if (deadlineMs === null) return;
      this.#timer = setTimeout(() => resolve("near"), timeToWorkMs(deadlineMs - nowMs));
    });
  }

  forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/**
 * Of a short invocation two thirds are kept back. No event comes at its deadline, or with more time
 * than Lambda gives: then the clocks disagree, and the invocation has only just begun.
 */
export function timeToWorkMs(leftMs: number): number {
  const isPlausible = leftMs > 0 && leftMs <= invocationMsMax;
  const timeMs = isPlausible ? leftMs : invocationMsMax;
  return timeMs - Math.min(marginMs, (timeMs * 2) / 3);
}
