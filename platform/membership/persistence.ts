/** Repeats what failed for a passing reason until it succeeds or its deadline has passed. */
import { ImError } from "../errors/im-error.js";
import type { Clock } from "../ports/clock.js";
import type { Random } from "../ports/random.js";
import { type BackOffRange, backOffMs, pause } from "./back-off.js";

const range: BackOffRange = { firstMs: 20, longestMs: 500 };

export class Persistence {
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * `what` names the work in the error, an `ImError` IM_STORE_FAILED: thrown at once for a failure
   * that no repetition can mend, else after `deadlineMs`. An attempt under way is then aborted; it
   * may still take effect. `received` of the error is what the last one was told that was not.
   */
  async run<T>(
    what: string,
    deadlineMs: number,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const endMs = this.#clock.monotonicMs() + deadlineMs;
    let failure: unknown;
    for (let round = 0; ; round += 1) {
      const leftMs = endMs - this.#clock.monotonicMs();
      if (leftMs <= 0) throw storeFailed(`${what}: no answer within ${deadlineMs} ms`, failure);
      const controller = new AbortController();
      const { signal } = controller;
      const timer = this.#clock.setTimeout(() => controller.abort(), leftMs);
      try {
        return await attempt(signal);
      } catch (error) {
        if (error instanceof ImError) throw error;
        if (isLasting(error)) throw storeFailed(`${what}: refused`, error);
        // One that was cut off tells nothing: what was said before it does.
        if (!signal.aborted || failure === undefined) failure = error;
      } finally {
        this.#clock.clearTimeout(timer);
      }
      const afterMs = endMs - this.#clock.monotonicMs();
      await pause(this.#clock, Math.max(0, Math.min(afterMs, this.#delayMs(round))));
    }
  }

  #delayMs(round: number): number {
    return backOffMs(round, range, this.#random);
  }
}

const throttles = new Set([
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
]);

/**
 * Whether the request itself was refused, so that a repetition would be refused again. Everything
 * else may have been applied or may pass: time-outs, lost connections, answers that cannot be
 * parsed, 5xx, throttles, and a signature refused for a clock that the SDK has corrected since.
 */
function isLasting(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "CredentialsProviderError") return true;
  if (throttles.has(error.name)) return false;
  const { httpStatusCode: status, clockSkewCorrected } = metadataOf(error);
  return status !== undefined && status >= 400 && status < 500 && clockSkewCorrected !== true;
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly clockSkewCorrected?: boolean;
}

function metadataOf(error: Error & { readonly $metadata?: Metadata }): Metadata {
  return error.$metadata ?? {};
}

function storeFailed(what: string, cause: unknown): ImError {
  return new ImError("IM_STORE_FAILED", {
    what,
    ...(cause === undefined ? {} : { received: describe(cause), cause }),
  });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? error.name : error.message;
}
