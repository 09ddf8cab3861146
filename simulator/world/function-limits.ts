/** Functions that were deleted, how many events of one may be in hand at once, and what waits. */
export class FunctionLimits<Event> {
  readonly #deleted = new Set<string>();
  readonly #most = new Map<string, number>();
  /** First come, first served. */
  readonly #waiting = new Map<string, Event[]>();

  isDeleted(functionName: string): boolean {
    return this.#deleted.has(functionName);
  }

  /** What waits is dropped. */
  delete(functionName: string): void {
    this.#deleted.add(functionName);
    this.#most.delete(functionName);
    this.#waiting.delete(functionName);
  }

  create(functionName: string): void {
    this.#deleted.delete(functionName);
  }

  /** null: as many as there are. */
  reserve(functionName: string, most: number | null): void {
    if (most === null) this.#most.delete(functionName);
    else this.#most.set(functionName, most);
  }

  isFull(functionName: string, inHand: () => number): boolean {
    const most = this.#most.get(functionName);
    return most !== undefined && inHand() >= most;
  }

  waitingOf(functionName: string): number {
    return this.#waiting.get(functionName)?.length ?? 0;
  }

  hold(functionName: string, event: Event): void {
    const waiting = this.#waiting.get(functionName);
    if (waiting === undefined) this.#waiting.set(functionName, [event]);
    else waiting.push(event);
  }

  next(functionName: string): Event | null {
    return this.#waiting.get(functionName)?.shift() ?? null;
  }
}
