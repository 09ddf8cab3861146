/** One life at a time: what answers and processes say of incarnations. */
import type { Connect } from "./connect.js";
import { grouped } from "./grouped.js";
import { isAlive, type SoakProcess } from "./processes.js";

interface Newest {
  readonly life: number;
  readonly answeredMs: number;
}

export class Lives {
  readonly #newest = new Map<string, Newest>();
  readonly #firstPids = new Map<string, number>();

  constructor(readonly onDouble: (what: string) => void) {}

  answered({ host, life, pid, fromMs, tookMs }: Connect): void {
    const newest = this.#newest.get(host);
    // Whoever called after a newer life had answered cannot reach an older one.
    if (newest !== undefined && life < newest.life && fromMs > newest.answeredMs) {
      this.onDouble(`${host}: life ${life} answers after life ${newest.life} has answered`);
    }
    if (newest === undefined || life > newest.life) {
      this.#newest.set(host, { life, answeredMs: fromMs + tookMs });
    }
    const key = `${host} ${life}`;
    const first = this.#firstPids.get(key) ?? pid;
    this.#firstPids.set(key, first);
    if (first !== pid) {
      this.onDouble(`${host}: two guests have answered as life ${life}: ${first}, ${pid}`);
    }
  }

  /** Guests of two lives of one host, at the same moment. */
  seen(processes: readonly SoakProcess[]): void {
    const guests = processes.filter(
      ({ kind, incarnation }) => kind === "guest" && !Number.isNaN(incarnation),
    );
    for (const [host, mine] of grouped(guests, (guest) => guest.host)) {
      const lives = grouped(mine, ({ incarnation }) => incarnation);
      if (lives.size < 2) continue;
      // Processes were read one by one: only who is there now was there together.
      const alive = [...lives].filter(([, of]) => of.some(isAlive)).map(([life]) => life);
      if (alive.length > 1) this.onDouble(`${host}: lives ${alive.join(" and ")} run at once`);
    }
  }
}
