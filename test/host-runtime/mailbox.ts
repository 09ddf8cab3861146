/** What has arrived and what somebody waits for. */
export class Mailbox<T> {
  readonly #arrived: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  push(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(item);
    else waiting(item);
  }

  get size(): number {
    return this.#arrived.length;
  }

  next(deadlineMs = 20_000): Promise<T> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`nothing arrived: ${this.#name}`)),
        deadlineMs,
      );
      this.#waiting.push((item) => {
        clearTimeout(timer);
        resolve(item);
      });
    });
  }
}
