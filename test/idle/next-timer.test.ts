import test from "ava";
import { NextTimer } from "../../platform/idle/next-timer.js";
import type { Wait } from "../../platform/ports/sensor.js";

const since = (forMs: number, switches = 1, thread = 1): Wait => ({
  thread,
  switches,
  dueMs: null,
  forMs,
});
const at = (dueMs: number, thread = 2): Wait => ({ thread, switches: 1, dueMs, forMs: null });

test("a host without timers has none that is due", (t) => {
  t.is(new NextTimer().look([], 0), null);
});

test("the earliest of all is due", (t) => {
  t.is(new NextTimer().look([since(500), at(90), at(80, 3)], 50), 80);
  t.is(new NextTimer().look([since(20), at(90)], 50), 70);
});

test("a time-out counts from the look before the one that saw it first", (t) => {
  const timer = new NextTimer();
  timer.look([], 1000);
  t.is(timer.look([since(60_000)], 2000), 61_000);
  t.is(timer.look([since(60_000)], 30_000), 61_000);
});

test("a thread that ran meanwhile waits anew, however alike the call", (t) => {
  const timer = new NextTimer();
  t.is(timer.look([since(100, 1)], 1000), 1100);
  t.is(timer.look([since(100, 1)], 1050), 1100);
  t.is(timer.look([since(100, 2)], 1150), 1150);
});
