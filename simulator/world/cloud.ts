/**
 * The simulated cloud: functions, their environments, and events that reach them. One environment
 * belongs to one tenant for ever and takes one event at a time; between two it is frozen. Knows
 * nothing of hosts: the engine's contract is compared with the real engine's.
 */
import type {
  CloudOptions,
  EnvironmentState,
  InvokeAnswer,
  RuntimeProcess,
  SimulatedEnvironment,
} from "./cloud-contract.js";
import type { Decision, Odds } from "./fault-plan.js";
import { FunctionLimits } from "./function-limits.js";

interface Kept<Payload> extends SimulatedEnvironment<Payload> {
  state: EnvironmentState;
  payload: Payload;
  pid: number;
  process: RuntimeProcess<Payload> | null;
  /** Which of its events it works on: what is timed for another one is void. */
  turn: number;
}

interface Waiting<Payload> {
  readonly functionName: string;
  readonly tenantId: string;
  readonly payload: Payload;
}

const odds: Odds = {
  throttled: 0.01,
  "server error": 0.004,
  "answer lost": 0.004,
  "event lost": 0.01,
  "event repeated": 0.012,
  "event late": 0.01,
  "another environment": 0.012,
  "start fails": 0.005,
  "start slow": 0.06,
};
const reapOdds: Odds = { reaped: 0.03 };
const idleMs = 30_000;

export class SimulatedCloud<Payload> {
  readonly #options: CloudOptions<Payload>;
  readonly #environments = new Map<string, Kept<Payload>>();
  readonly #waiting = new Set<Waiting<Payload>>();
  readonly #limits = new FunctionLimits<Waiting<Payload>>();
  #count = 0;

  constructor(options: CloudOptions<Payload>) {
    this.#options = options;
  }

  environments(): readonly SimulatedEnvironment<Payload>[] {
    return [...this.#environments.values()];
  }

  /** Events that wait, or are under way. */
  events(): readonly { readonly payload: Payload }[] {
    const busy = [...this.#environments.values()].filter(({ state }) => state === "busy");
    return [...this.#waiting, ...busy];
  }

  /** An asynchronous invocation, as the service sees it: what it answers, and what comes of it. */
  invoke(functionName: string, tenantId: string, payload: Payload): InvokeAnswer {
    if (this.#limits.isDeleted(functionName)) return "not found";
    const { faults, latency, timeline } = this.#options;
    const decision = faults.decide(`cloud/${tenantId}`, odds);
    if (decision?.kind === "throttled") return "throttled";
    const waiting = { functionName, tenantId, payload };
    const deliver = () => this.#place({ ...waiting }, decision);
    const soonMs = latency.skewed(0.2, 30);
    if (decision?.kind === "event late") timeline.after(decision.size ** 2 * 60_000, deliver);
    else if (decision?.kind !== "event lost") timeline.after(soonMs, deliver);
    if (decision?.kind === "event repeated") {
      timeline.after(soonMs + decision.size ** 2 * 60_000, () => this.#place(waiting, null));
    }
    if (decision?.kind === "server error") return "server error";
    return decision?.kind === "answer lost" ? "no answer" : "accepted";
  }

  /** A synchronous one: refused where an asynchronous one waits. */
  ask(functionName: string, tenantId: string, payload: Payload): InvokeAnswer {
    if (this.#limits.isDeleted(functionName)) return "not found";
    if (this.#isFull(functionName)) return "throttled";
    this.#admit({ functionName, tenantId, payload }, null);
    return "accepted";
  }

  create(functionName: string): void {
    this.#limits.create(functionName);
  }

  /** Its environments end, and its events are dropped. */
  delete(functionName: string): void {
    this.#limits.delete(functionName);
    for (const one of [...this.#environments.values()]) {
      if (one.functionName === functionName) this.#end(one);
    }
  }

  /** So many of its events may be in hand at once; null: any number. */
  reserve(functionName: string, most: number | null): void {
    this.#limits.reserve(functionName, most);
    this.#goOn(functionName);
  }

  /** Events that a limit keeps from being handled. */
  throttledOf(functionName: string): number {
    return this.#limits.waitingOf(functionName);
  }

  /** The environment is about to be invoked. */
  hasten(functionName: string, tenantId: string, place: string): void {
    for (const one of this.#environments.values()) {
      const isIts = one.functionName === functionName && one.tenantId === tenantId;
      if (isIts && one.place === place && one.state === "frozen") one.process?.thaw();
    }
  }

  /** Its event is answered, and it has asked for the next. */
  returned(id: string): void {
    const one = this.#environments.get(id);
    if (one === undefined || one.state !== "busy") return;
    one.state = "returned";
    one.turn += 1;
    // The last used one is the last of them, and gets the next event: as in the engine.
    this.#environments.delete(id);
    this.#environments.set(id, one);
    const { turn } = one;
    this.#options.timeline.after(this.#options.latency.skewed(0.1, 40), () => {
      if (one.turn === turn && one.state === "returned") this.#freeze(one);
    });
    this.#goOn(one.functionName);
  }

  /** Its process has ended by itself. */
  exited(id: string): void {
    const one = this.#environments.get(id);
    if (one !== undefined) this.#end(one);
  }

  /** All of a machine's are gone with it. */
  lose(place: string): void {
    for (const one of [...this.#environments.values()]) if (one.place === place) this.#end(one);
  }

  #place(event: Waiting<Payload>, decision: Decision | null): void {
    const { functionName } = event;
    if (this.#limits.isDeleted(functionName)) return;
    const waits = this.throttledOf(functionName) > 0 || this.#isFull(functionName);
    if (waits) this.#limits.hold(functionName, event);
    else this.#admit(event, decision);
  }

  #isFull(functionName: string): boolean {
    return this.#limits.isFull(functionName, () => {
      const own = [...this.#environments.values()].filter(
        (one) => one.functionName === functionName,
      );
      return own.filter(({ state }) => state === "starting" || state === "busy").length;
    });
  }

  /** There may be room for what waits. */
  #goOn(functionName: string): void {
    while (this.throttledOf(functionName) > 0 && !this.#isFull(functionName)) {
      const event = this.#limits.next(functionName);
      if (event !== null) this.#admit(event, null);
    }
  }

  #admit(event: Waiting<Payload>, decision: Decision | null): void {
    const { functionName, tenantId, payload } = event;
    const place = this.#options.placeOf(payload);
    const mine = [...this.#environments.values()].filter(
      (one) =>
        one.functionName === functionName && one.tenantId === tenantId && one.place === place,
    );
    const idle = mine.findLast(({ state }) => state === "frozen" || state === "returned");
    const isElsewhere = decision?.kind === "another environment";
    if (idle !== undefined && !isElsewhere) this.#give(idle, payload);
    else this.#start(event, place, decision);
  }

  #start(event: Waiting<Payload>, place: string, decision: Decision | null): void {
    const { timeline, start } = this.#options;
    const { functionName, tenantId, payload } = event;
    this.#count += 1;
    const one: Kept<Payload> = {
      ...{ id: `environment-${this.#count}`, functionName, tenantId, place, payload },
      ...{ state: "starting", pid: 0, process: null, turn: 0 },
    };
    this.#environments.set(one.id, one);
    this.#waiting.add(event);
    timeline.after(this.#startMs(decision), () => {
      this.#waiting.delete(event);
      if (one.state !== "starting") return;
      if (decision?.kind === "start fails") {
        this.#end(one);
        return;
      }
      one.process = start(one);
      one.pid = one.process.pid;
      this.#give(one, payload);
    });
  }

  #startMs(decision: Decision | null): number {
    const { latency } = this.#options;
    const usualMs = latency.chance(0.7) ? latency.skewed(1, 20) : latency.skewed(80, 600);
    return decision?.kind === "start slow" ? slowStartMs(decision) : usualMs;
  }

  #give(one: Kept<Payload>, payload: Payload): void {
    const { timeline, timeoutMs, reach } = this.#options;
    if (one.state === "frozen") one.process?.thaw();
    one.state = "busy";
    one.payload = payload;
    one.turn += 1;
    const { turn } = one;
    const end = () => {
      if (one.turn === turn && one.state === "busy") this.#end(one);
    };
    timeline.after(timeoutMs, () => reach(one, end));
    one.process?.event(payload, timeoutMs);
  }

  #freeze(one: Kept<Payload>): void {
    const { faults, timeline, listener, keeps } = this.#options;
    one.state = "frozen";
    one.process?.freeze();
    listener.frozen(one);
    const { turn } = one;
    const still = () => one.turn === turn && one.state === "frozen";
    const reaped = faults.decide(`cloud/${one.tenantId}/idle`, reapOdds);
    if (reaped !== null) {
      timeline.after(reaped.size * 20_000, () => {
        if (still()) this.#end(one);
      });
    }
    const reap = () => {
      if (!still()) return;
      if (!keeps(one)) this.#end(one);
      else timeline.after(idleMs, reap);
    };
    timeline.after(idleMs, reap);
  }

  #end(one: Kept<Payload>): void {
    if (one.state === "ended") return;
    one.state = "ended";
    one.turn += 1;
    this.#environments.delete(one.id);
    one.process?.kill();
    this.#options.listener.ended(one);
    this.#goOn(one.functionName);
  }
}

/** An image that is cold in all of the service's caches. */
function slowStartMs({ size }: Decision): number {
  return 500 + size ** 2 * 12_000;
}
