import test from "ava";
import { isGateOpen, takeoverWaitMs } from "../../platform/membership/lease.js";

const word = { incarnation: 3, untilMs: 10_000, wallAheadMs: 500_000 };
const at = (monotonicMs: number, wallMs = monotonicMs + 500_000) => ({ monotonicMs, wallMs });

test("a gate is open for its life until its lease is over", (t) => {
  t.true(isGateOpen(word, 3, at(9_999)));
  t.false(isGateOpen(word, 3, at(10_000)));
  t.false(isGateOpen(word, 2, at(0)));
  t.false(isGateOpen(null, 3, at(0)));
});

test("a gate is shut where wall clock and monotonic clock disagree by a second", (t) => {
  t.true(isGateOpen(word, 3, at(5_000, 505_999)));
  t.false(isGateOpen(word, 3, at(5_000, 506_000)));
  t.false(isGateOpen(word, 3, at(5_000, 504_000)));
});

test("who takes over waits longer than a slow clock lasts that parted by a second", (t) => {
  const leaseMs = 10_000;
  const unseenMs = 1_000;
  const holderMs = leaseMs / 0.99 + unseenMs;
  t.true(takeoverWaitMs(leaseMs) / 1.01 > holderMs);
});
