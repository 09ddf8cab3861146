/** What a node concludes from the record of a host that another node has. */
import test from "ava";
import type { Clock } from "../../platform/ports/clock.js";
import type { HostRecord } from "../../platform/ports/membership.js";
import { follow, type Sighting } from "../../platform/supervisor/follow.js";
import { recordIn } from "../membership/records.js";

/** Looks at what `read` says; time passes by nothing but waiting. */
async function followed(
  record: HostRecord,
  read: (nowMs: number) => HostRecord | null = () => record,
  unreachable = false,
  sightings = new Map<string, Sighting>(),
) {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimeout: (callback, delayMs) => {
      nowMs += delayMs;
      queueMicrotask(callback);
    },
    clearTimeout: () => undefined,
  };
  const { verdict } = await follow(
    { record, unreachable },
    {
      ...{ clock, nodeId: "me", host: "web", sightings, signal: new AbortController().signal },
      random: { id: () => "id", uniform: () => 0.5 },
      read: async () => read(nowMs),
    },
  );
  return { verdict, afterMs: nowMs };
}

test("a host that runs or sleeps on another node is there at once", async (t) => {
  for (const state of ["running", "suspended"] as const) {
    t.deepEqual(await followed(recordIn(state)), { verdict: "there", afterMs: 0 });
  }
});

test("one that is being booted there is waited for", async (t) => {
  const booting = recordIn("allocating");
  const running = recordIn("running", { version: 31 });
  const { verdict, afterMs } = await followed(booting, (ms) => (ms < 600 ? booting : running));
  t.is(verdict, "there");
  t.true(afterMs >= 600 && afterMs < 1_200);
});

test("a claim that nothing comes of is helped, one of memory elsewhere is not", async (t) => {
  const { verdict, afterMs } = await followed(recordIn("allocating"));
  t.is(verdict, "help");
  t.true(afterMs >= 2_000 && afterMs < 2_600);
  t.is((await followed(recordIn("allocating", { memory: "boot" }))).verdict, "expired");
});

test("a claim that was helped in vain is taken over when its lease is over", async (t) => {
  const { verdict, afterMs } = await followed(recordIn("allocating", { attempt: 3 }));
  t.is(verdict, "expired");
  // Ten seconds, twice a drift of one in a hundred, and for how long clocks may part unseen.
  t.true(afterMs >= 11_400 && afterMs < 12_000);
});

test("a running host whose node is not reached is taken over, unless it is renewed", async (t) => {
  const running = recordIn("running");
  const lost = await followed(running, () => running, true);
  t.is(lost.verdict, "expired");
  t.true(lost.afterMs >= 11_400);
  const renewed = { ...running, version: 31 };
  const found = await followed(running, (ms) => (ms < 3_000 ? running : renewed), true);
  t.is(found.verdict, "there");
});

test("one that sleeps where nobody reaches it is free", async (t) => {
  t.is((await followed(recordIn("suspended"), undefined, true)).verdict, "free");
});

test("a boot that failed there fails here, and an end leaves the host free", async (t) => {
  const booting = recordIn("allocating");
  t.is((await followed(booting, () => recordIn("failed", { version: 31 }))).verdict, "failed");
  t.is((await followed(booting, () => recordIn("imaginary", { version: 31 }))).verdict, "free");
});

test("what a boot that gave up had seen counts for the next one", async (t) => {
  const running = recordIn("running");
  const sightings = new Map([["web", { version: running.version, sinceMs: -9_000 }]]);
  const { verdict, afterMs } = await followed(running, () => running, true, sightings);
  t.is(verdict, "expired");
  t.true(afterMs < 2_500);
  const other = new Map([["web", { version: running.version - 1, sinceMs: -9_000 }]]);
  t.true((await followed(running, () => running, true, other)).afterMs >= 10_700);
});
