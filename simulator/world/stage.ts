/**
 * Where a process runs: its timers go by the machine's clock, and nothing of it runs while it is
 * paused; what came due or arrived meanwhile follows, in order. After its end nothing does.
 */
import type { MachineClock } from "./machine-clock.js";
import type { Happening, Timeline } from "./timeline.js";

export class StageTimer {
  run: (() => void) | null;
  happening: Happening | null = null;
  leftMs: number;

  constructor(run: () => void, leftMs: number) {
    this.run = run;
    this.leftMs = leftMs;
  }
}

export class Stage {
  readonly clock: MachineClock;
  readonly #timeline: Timeline;
  readonly #timers = new Set<StageTimer>();
  #held: (() => void)[] = [];
  #pauses = 0;
  #pausedSinceMs: number | null = null;
  #pausedMs = 0;
  #isStopped = false;
  #ended = false;

  constructor(timeline: Timeline, clock: MachineClock) {
    this.#timeline = timeline;
    this.clock = clock;
  }

  get running(): boolean {
    return this.#pauses === 0 && !this.#isStopped && !this.#ended;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** True time in which nothing of it ran. */
  get pausedMs(): number {
    const since = this.#pausedSinceMs;
    return this.#pausedMs + (since === null ? 0 : this.#timeline.nowMs - since);
  }

  /** Timers that are set and due within so much of its own time. */
  pending(withinMs: number): number {
    let count = 0;
    for (const { happening } of this.#timers) {
      if (happening !== null && happening.atMs - this.#timeline.nowMs < withinMs) count += 1;
    }
    return count;
  }

  /** `delayMs` by the machine's clock. */
  after(delayMs: number, run: () => void): StageTimer {
    const timer = new StageTimer(run, delayMs / this.clock.rate);
    if (this.#ended) return timer;
    this.#timers.add(timer);
    if (!this.#isStopped) this.#set(timer);
    return timer;
  }

  cancel(timer: StageTimer): void {
    timer.run = null;
    this.#timers.delete(timer);
    if (timer.happening !== null) this.#timeline.cancel(timer.happening);
  }

  /** Now, or as soon as it runs again. */
  deliver(run: () => void): void {
    if (this.#ended) return;
    if (this.running) run();
    else this.#held.push(run);
  }

  /** Nothing of it runs; the clock does. */
  pause(): void {
    this.#pauses += 1;
    this.#pausedSinceMs ??= this.#timeline.nowMs;
  }

  resume(): void {
    this.#pauses -= 1;
    this.#goOn();
  }

  /** The whole machine is not there: time does not pass for its timers. */
  stopClock(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#pausedSinceMs ??= this.#timeline.nowMs;
    for (const timer of this.#timers) {
      if (timer.happening === null) continue;
      timer.leftMs = timer.happening.atMs - this.#timeline.nowMs;
      this.#timeline.cancel(timer.happening);
      timer.happening = null;
    }
  }

  startClock(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    for (const timer of this.#timers) this.#set(timer);
    this.#goOn();
  }

  end(): void {
    this.#ended = true;
    for (const timer of [...this.#timers]) this.cancel(timer);
    this.#held = [];
  }

  #set(timer: StageTimer): void {
    timer.happening = this.#timeline.after(timer.leftMs, () => {
      this.#timers.delete(timer);
      this.deliver(() => timer.run?.());
    });
  }

  #goOn(): void {
    if (!this.running) return;
    this.#pausedMs = this.pausedMs;
    this.#pausedSinceMs = null;
    const held = this.#held;
    this.#held = [];
    for (const run of held) this.#timeline.after(0, () => this.deliver(run));
  }
}
