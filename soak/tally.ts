/** Counts of everything, for the line of progress and the report. */
import { type Connect, describeConnect } from "./connect.js";
import type { History } from "./history.js";
import { judge, type Verdict } from "./judge.js";
import type { Kills } from "./kills.js";
import { deadlineMs } from "./plan.js";

/** Events come later than answers do: until then nothing is judged. */
const settleMs = 5000;
const violationsMax = 200;
/** An end that took longer is no violation, and worth a look: somebody waited for nothing. */
const slowMs = 5000;

export class Tally {
  connects = 0;
  answers = 0;
  /** Questions more, over connections that had been silent; not among the connects. */
  asked = 0;
  /** Hosts that were suspended by hand. */
  suspends = 0;
  hangs = 0;
  readonly #doubleLives = new Set<string>();
  readonly errnos: Record<string, number> = {};
  readonly cuts: Record<string, number> = {};
  readonly clients: Record<string, number> = {};
  readonly violations: string[] = [];
  violationCount = 0;
  slowestMs = 0;
  slowCount = 0;
  readonly slow: string[] = [];
  #waiting: Connect[] = [];

  constructor(
    readonly kills: Kills,
    readonly history: () => History,
    /** Told of each violation at once. */
    readonly say: (line: string) => void,
  ) {}

  take(connect: Connect): void {
    if (connect.step === "again") this.asked += 1;
    else this.connects += 1;
    this.clients[connect.client] = (this.clients[connect.client] ?? 0) + 1;
    if (connect.tookMs > slowMs) this.#noteSlow(connect);
    const isAnswer = connect.outcome === "answer";
    if (isAnswer) this.slowestMs = Math.max(this.slowestMs, connect.tookMs);
    if (isAnswer && connect.tookMs <= deadlineMs) this.answers += 1;
    else this.#waiting.push(connect);
  }

  #noteSlow(connect: Connect): void {
    this.slowCount += 1;
    if (this.slow.length < violationsMax) this.slow.push(describeConnect(connect));
  }

  /** Each once, however many see it. */
  doubleLife(what: string): void {
    if (this.#doubleLives.has(what)) return;
    this.#doubleLives.add(what);
    this.violate(`double life: ${what}`);
  }

  get doubleLives(): number {
    return this.#doubleLives.size;
  }

  violate(what: string): void {
    this.violationCount += 1;
    this.say(what);
    if (this.violations.length < violationsMax) this.violations.push(what);
  }

  /** What has settled; at the end everything. */
  judgeSettled(atMs: number): void {
    const isSettled = ({ fromMs, tookMs }: Connect): boolean => fromMs + tookMs + settleMs < atMs;
    const [settled, waiting] = [this.#waiting.filter(isSettled), this.#waiting];
    this.#waiting = waiting.filter((connect) => !isSettled(connect));
    for (const connect of settled) this.#count(judge(connect, this.kills, this.history()));
  }

  line(elapsedMs: number): string {
    const kills = Object.entries(this.kills.counts()).map(([kind, n]) => `${kind} ${n}`);
    return [
      `${Math.round(elapsedMs / 1000)} s`,
      `${this.connects} connects`,
      `${this.asked} asked again`,
      `${this.answers} answers`,
      ...Object.entries(this.errnos).map(([errno, n]) => `${n} ${errno}`),
      `${Object.values(this.cuts).reduce((sum, n) => sum + n, 0)} cut`,
      `${this.history().sleeps} sleeps`,
      `${this.history().wakes} wakes`,
      `${this.hangs} hangs`,
      `${this.doubleLives} double lives`,
      `${this.violationCount} violations`,
      `kills: ${kills.join(", ") || "none"}`,
    ].join("  ");
  }

  #count(verdict: Verdict): void {
    switch (verdict.kind) {
      case "answer":
        this.answers += 1;
        break;
      case "hang":
        this.hangs += 1;
        this.violate(`hang: ${verdict.what}`);
        break;
      case "errno":
        this.errnos[verdict.errno] = (this.errnos[verdict.errno] ?? 0) + 1;
        break;
      case "cut":
        this.cuts[verdict.how] = (this.cuts[verdict.how] ?? 0) + 1;
        break;
      case "violation":
        this.violate(verdict.what);
        break;
      default:
        verdict satisfies never;
    }
  }
}
