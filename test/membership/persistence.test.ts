import test from "ava";
import { ImError } from "../../platform/errors/im-error.js";
import { InFlight } from "../../platform/membership/in-flight.js";
import { Persistence } from "../../platform/membership/persistence.js";
import type { Clock } from "../../platform/ports/clock.js";
import { random } from "./world.js";

/** Time that passes only while somebody waits, and then at once. */
class JumpingClock implements Clock {
  #nowMs = 0;
  readonly waits: number[] = [];
  readonly #timers = new Set<object>();

  nowMs = () => this.#nowMs;
  monotonicMs = () => this.#nowMs;

  setTimeout(callback: () => void, delayMs: number): object {
    const timer = {};
    this.#timers.add(timer);
    setImmediate(() => {
      if (!this.#timers.delete(timer)) return;
      this.#nowMs += delayMs;
      this.waits.push(delayMs);
      callback();
    });
    return timer;
  }

  clearTimeout(timer: object): void {
    this.#timers.delete(timer);
  }
}

class HttpError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };

  constructor(name: string, httpStatusCode?: number, clockSkewCorrected?: boolean) {
    super("said the server");
    this.name = name;
    this.$metadata = {
      ...(httpStatusCode === undefined ? {} : { httpStatusCode }),
      ...(clockSkewCorrected === undefined ? {} : { clockSkewCorrected }),
    };
  }
}

const passing: [string, Error][] = [
  ["a lost connection", Object.assign(new Error("reset"), { code: "ECONNRESET" })],
  ["a time-out", new HttpError("TimeoutError")],
  ["a server error", new HttpError("InternalServerError", 500)],
  ["a throttle", new HttpError("ThrottlingException", 400)],
  ["an exceeded throughput", new HttpError("ProvisionedThroughputExceededException", 400)],
  ["a clock that was corrected since", new HttpError("InvalidSignatureException", 403, true)],
  ["an answer that is no JSON", new SyntaxError("unexpected token")],
];

for (const [name, error] of passing) {
  test(`what failed for ${name} is repeated`, async (t) => {
    let attempts = 0;
    const result = await persistence().run("write", 1000, async () => {
      attempts += 1;
      if (attempts < 4) throw error;
      return "done";
    });
    t.is(result, "done");
    t.is(attempts, 4);
  });
}

const lasting: [string, Error][] = [
  ["a malformed request", new HttpError("ValidationException", 400)],
  ["missing rights", new HttpError("AccessDeniedException", 400)],
  ["a missing table", new HttpError("ResourceNotFoundException", 400)],
  ["missing credentials", new HttpError("CredentialsProviderError")],
];

for (const [name, error] of lasting) {
  test(`what failed for ${name} is not repeated`, async (t) => {
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      throw error;
    };
    await t.throwsAsync(persistence().run("write", 1000, attempt), { code: "IM_STORE_FAILED" });
    t.is(attempts, 1);
  });
}

test("repetitions are spaced out, up to half a second, and end with the deadline", async (t) => {
  const clock = new JumpingClock();
  const attempt = async () => {
    throw new Error("unplugged");
  };
  const error = await t.throwsAsync(new Persistence(clock, random).run("write", 3000, attempt), {
    code: "IM_STORE_FAILED",
    message: "write: no answer within 3000 ms",
  });
  t.true(error.cause instanceof Error && error.cause.message === "unplugged");
  // Half of each delay is jitter; the tests' randomness is 0.5.
  t.deepEqual(clock.waits.slice(0, 7), [15, 30, 60, 120, 240, 375, 375]);
  t.is(clock.monotonicMs(), 3000);
});

test("an attempt under way is aborted at the deadline", async (t) => {
  const attempt = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    });
  await t.throwsAsync(persistence().run("write", 500, attempt), { code: "IM_STORE_FAILED" });
});

test("one that is cut off hides nothing of what the attempt before it was told", async (t) => {
  let attempts = 0;
  const attempt = (signal: AbortSignal) => {
    attempts += 1;
    if (attempts === 1) throw new Error("unplugged");
    return new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    });
  };
  const error = await t.throwsAsync(persistence().run("write", 500, attempt), {
    instanceOf: ImError,
  });
  t.is(attempts, 2);
  t.is(error.details.received, "unplugged");
});

test("no more tasks than allowed are under way at once, and all get their turn", async (t) => {
  const inFlight = new InFlight(3);
  let under = 0;
  let most = 0;
  const task = async () => {
    under += 1;
    most = Math.max(most, under);
    await new Promise((resolve) => setImmediate(resolve));
    under -= 1;
    if (most % 2 === 0) throw new Error("a failure gives its place back, too");
  };
  await Promise.allSettled(
    Array.from({ length: 20 }, () => inFlight.run(new AbortController().signal, task)),
  );
  t.is(most, 3);
  t.is(under, 0);
});

test("a task that is given up while it waits never runs and holds no place", async (t) => {
  const inFlight = new InFlight(1);
  const { signal } = new AbortController();
  const ends: (() => void)[] = [];
  const running = inFlight.run(signal, () => new Promise<void>((resolve) => ends.push(resolve)));
  const given = new AbortController();
  const waiting = inFlight.run(given.signal, async () => t.fail("it ran"));
  given.abort(new Error("given up"));
  await t.throwsAsync(waiting, { message: "given up" });
  await t.throwsAsync(
    inFlight.run(given.signal, async () => t.fail("it ran")),
    { message: "given up" },
  );
  await new Promise((resolve) => setImmediate(resolve));
  for (const end of ends) end();
  await running;
  t.is(await inFlight.run(signal, async () => "turn"), "turn");
});

function persistence(): Persistence {
  return new Persistence(new JumpingClock(), random);
}
