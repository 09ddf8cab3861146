/** The simulated cloud without a fault, its processes played by this file. */
import { SimulatedCloud } from "../../simulator/world/cloud.js";
import { FaultPlan } from "../../simulator/world/fault-plan.js";
import { Generator } from "../../simulator/world/generator.js";
import { Timeline } from "../../simulator/world/timeline.js";
import { type CloudView, type DrivenCloud, type Tenant, timeoutMs } from "./driven-cloud.js";

/** Longer than any latency of the cloud's, and not long beside a limit. */
const settledMs = 700;
const place = "here";
const functionName = "web";

interface Played {
  readonly id: string;
  readonly tenant: Tenant;
  readonly events: number[];
  isFrozen: boolean;
  isEnded: boolean;
  current: number | null;
}

interface SentEvent {
  readonly tenant: Tenant;
  readonly number: number;
}

export class SimulatedDriver implements DrivenCloud {
  readonly #timeline = new Timeline();
  readonly #cloud: SimulatedCloud<SentEvent>;
  readonly #played: Played[] = [];
  readonly #sent: number[] = [];
  readonly #kept = new Set<string>();
  exists = true;

  constructor(seed: number) {
    const latency = Generator.of(seed);
    this.#cloud = new SimulatedCloud<SentEvent>({
      timeline: this.#timeline,
      latency,
      faults: new FaultPlan(latency, []),
      timeoutMs,
      placeOf: () => place,
      reach: (_environment, act) => act(),
      start: ({ id, payload }) => this.#start(id, payload.tenant),
      keeps: ({ tenantId }) => this.#kept.has(tenantId),
      listener: { frozen: () => undefined, ended: () => undefined },
    });
  }

  async invoke(tenant: Tenant, event: number): Promise<string> {
    return this.#send("invoke", tenant, event);
  }

  async ask(tenant: Tenant, event: number): Promise<string> {
    return this.#send("ask", tenant, event);
  }

  async create(): Promise<void> {
    this.#cloud.create(functionName);
    this.exists = true;
  }

  async delete(): Promise<void> {
    this.#cloud.delete(functionName);
    this.exists = false;
    this.#settle();
  }

  async reserve(most: number | null): Promise<void> {
    this.#cloud.reserve(functionName, most);
    this.#settle();
  }

  /** Something goes on when there is room for it, at whatever time that is. */
  get throttles(): boolean {
    return this.#cloud.throttledOf(functionName) > 0;
  }

  answer(event: number): void {
    const one = this.#played.find(({ current }) => current === event);
    if (one === undefined) return;
    one.current = null;
    this.#cloud.returned(one.id);
    this.#settle();
  }

  kill(environment: number): void {
    const id = this.#played[environment]?.id;
    if (id !== undefined) this.#cloud.exited(id);
    this.#settle();
  }

  hasten(tenant: Tenant): void {
    this.#cloud.hasten(functionName, tenant, place);
    this.#settle();
  }

  keep(tenant: Tenant, isKept: boolean): void {
    if (isKept) this.#kept.add(tenant);
    else this.#kept.delete(tenant);
  }

  pass(ms: number): void {
    this.#timeline.after(ms, () => undefined);
    this.#run(ms);
    this.#settle();
  }

  view(): CloudView {
    const given = new Set(this.#played.flatMap(({ events }) => events));
    return {
      starting: this.#cloud.environments().filter(({ state }) => state === "starting").length,
      environments: this.#played.map(({ tenant, events, isFrozen, isEnded, current }) => {
        const running = current === null ? "awake" : "busy";
        const alive = isFrozen ? "frozen" : running;
        return { tenant, events: [...events], state: isEnded ? "ended" : alive };
      }),
      waiting: this.#sent.filter((event) => !given.has(event)),
    };
  }

  #send(how: "invoke" | "ask", tenant: Tenant, event: number): string {
    const answer = this.#cloud[how](functionName, tenant, { tenant, number: event });
    if (answer === "accepted") this.#sent.push(event);
    this.#settle();
    return answer;
  }

  #start(id: string, tenant: Tenant) {
    const events: number[] = [];
    const one: Played = { id, tenant, events, isFrozen: false, isEnded: false, current: null };
    this.#played.push(one);
    return {
      pid: this.#played.length,
      event: ({ number }: SentEvent) => {
        events.push(number);
        one.current = number;
      },
      freeze: () => {
        one.isFrozen = true;
      },
      thaw: () => {
        one.isFrozen = false;
      },
      kill: () => {
        one.isEnded = true;
        one.current = null;
      },
    };
  }

  #settle(): void {
    this.#run(settledMs);
  }

  #run(ms: number): void {
    const untilMs = this.#timeline.nowMs + ms;
    while (this.#timeline.step(untilMs));
  }
}
