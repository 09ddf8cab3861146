/**
 * Limits how many environments initialise at once, so that a herd of boots does not leave every
 * one of them unfinished, and how many live at all. First come, first served.
 */
export class StartGate {
  readonly #queue: (() => boolean)[] = [];
  #initialising = 0;
  #living = 0;
  #closed = false;

  constructor(
    private readonly initialisingMax: number,
    private readonly livingMax: number,
  ) {}

  get full(): boolean {
    return this.#living + this.#queue.length >= this.livingMax;
  }

  /** `start` is called when there is room; it returns false if no environment is needed by then. */
  request(start: () => boolean): void {
    this.#queue.push(start);
    this.#admit();
  }

  /** One that lives already; counted with those that initialise until `initialised`, if told so. */
  adopted(initialising: boolean): void {
    this.#living += 1;
    if (initialising) this.#initialising += 1;
  }

  /** One that was started is ready, or ended before it was. */
  initialised(): void {
    this.#initialising -= 1;
    this.#admit();
  }

  ended(): void {
    this.#living -= 1;
    this.#admit();
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
  }

  #admit(): void {
    while (!this.#closed && this.#initialising < this.initialisingMax) {
      if (this.#living >= this.livingMax) return;
      const start = this.#queue.shift();
      if (start === undefined) return;
      // Counted first: `start` may come back here before it returns.
      this.#initialising += 1;
      this.#living += 1;
      if (start()) continue;
      this.#initialising -= 1;
      this.#living -= 1;
    }
  }
}
