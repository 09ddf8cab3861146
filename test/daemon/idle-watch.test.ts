import test from "ava";
import { IdleWatch } from "../../platform/daemon/idle-watch.js";
import type { Clock } from "../../platform/ports/clock.js";

/** Time that passes by hand; one timer at a time is all that the watch has. */
class HandClock implements Clock {
  #nowMs = 0;
  #due: { readonly atMs: number; readonly callback: () => void } | null = null;

  nowMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  setTimeout(callback: () => void, delayMs: number): object {
    this.#due = { atMs: this.#nowMs + delayMs, callback };
    return this.#due;
  }
  clearTimeout(): void {
    this.#due = null;
  }
  get waits(): boolean {
    return this.#due !== null;
  }
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#due !== null && this.#due.atMs <= endMs) {
      const { atMs, callback } = this.#due;
      this.#nowMs = atMs;
      this.#due = null;
      callback();
    }
    this.#nowMs = endMs;
  }
}

function watched(quiet: () => boolean) {
  const clock = new HandClock();
  let ended = 0;
  const onIdle = (): void => {
    ended += 1;
  };
  const watch = new IdleWatch({ clock, quiet, idleMs: 1000, onIdle });
  return { clock, watch, ended: () => ended };
}

test("a daemon that is of no use for a second ends, once", (t) => {
  const { clock, ended } = watched(() => true);
  clock.pass(900);
  t.is(ended(), 0);
  clock.pass(5000);
  t.is(ended(), 1);
  t.false(clock.waits);
});

test("a daemon with a deployment stays", (t) => {
  let quiet = false;
  const { clock, ended } = watched(() => quiet);
  clock.pass(60_000);
  t.is(ended(), 0);
  quiet = true;
  clock.pass(1500);
  t.is(ended(), 1);
});

test("a request starts the second anew", (t) => {
  const { clock, watch, ended } = watched(() => true);
  clock.pass(900);
  watch.touch();
  clock.pass(900);
  t.is(ended(), 0);
  clock.pass(600);
  t.is(ended(), 1);
});

test("after the last deployment's end nothing is waited for", (t) => {
  const { watch, ended, clock } = watched(() => true);
  watch.hurry();
  watch.hurry();
  t.is(ended(), 1);
  clock.pass(5000);
  t.is(ended(), 1);
});

test("a deployment that is left keeps the daemon after another one's end", (t) => {
  const { watch, ended } = watched(() => false);
  watch.hurry();
  t.is(ended(), 0);
  watch.stop();
});
