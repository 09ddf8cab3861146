/**
 * The order of everything that happens: by time, then by the number drawn when it was put in. No
 * two events are ever at the same place, so a seed has one history.
 */
export interface Happening {
  readonly atMs: number;
  readonly sequence: number;
  /** null: it was called off. */
  run: (() => void) | null;
}

export class Timeline {
  readonly #heap: Happening[] = [];
  #sequence = 0;
  #nowMs = 0;
  #steps = 0;

  /** True time, ms since the world began: what no clock in it shows. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  after(delayMs: number, run: () => void): Happening {
    this.#sequence += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const happening: Happening = { atMs, sequence: this.#sequence, run };
    this.#push(happening);
    return happening;
  }

  cancel(happening: Happening): void {
    happening.run = null;
  }

  /** Lets the next thing happen; false: nothing is left before `untilMs`. */
  step(untilMs: number): boolean {
    for (;;) {
      const [first] = this.#heap;
      if (first === undefined || first.atMs > untilMs) return false;
      this.#pop();
      const { run } = first;
      if (run === null) continue;
      this.#nowMs = first.atMs;
      this.#steps += 1;
      run();
      return true;
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(happening);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(happening, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = happening;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  if (one.atMs !== other.atMs) return one.atMs < other.atMs;
  return one.sequence < other.sequence;
}
