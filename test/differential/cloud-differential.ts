/** Holds the simulated cloud against the engine: the same calls to both, and the same of each. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type CloudView, passMs, type Tenant, tenants } from "./driven-cloud.js";
import type { EngineDriver, EngineWorld } from "./engine-driver.js";
import { SimulatedDriver } from "./simulated-driver.js";

type Step =
  | { readonly act: "invoke" | "ask" | "hasten"; readonly tenant: Tenant }
  | { readonly act: "create" | "delete" }
  | { readonly act: "reserve"; readonly most: number | null }
  | { readonly act: "keep"; readonly tenant: Tenant; readonly isKept: boolean }
  /** Counted among those that there are; none: nothing is done. */
  | { readonly act: "answer" | "kill"; readonly which: number }
  | { readonly act: "pass"; readonly times: number };

const tenant = fc.constantFrom(...tenants, tenants[0]);
const which = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant("invoke" as const), tenant }) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant("answer" as const), which }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("ask" as const), tenant }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom("create", "delete") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("reserve" as const),
      most: fc.constantFrom(0, 1, 1, 2, null),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("hasten" as const), tenant }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("kill" as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("keep" as const), tenant, isKept: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("pass" as const),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);
const histories = fc.array(step, { minLength: 1, maxLength: 12, size: "max" });

const invoke = (tenant: Tenant) => ({ act: "invoke", tenant }) as const;
const ask = (tenant: Tenant) => ({ act: "ask", tenant }) as const;
const reserve = (most: number | null) => ({ act: "reserve", most }) as const;
const [answer, kill] = [{ act: "answer", which: 0 } as const, { act: "kill", which: 0 } as const];
const [remove, create] = [{ act: "delete" } as const, { act: "create" } as const];

/** What few histories come by: limits that are met, and what becomes of what waits for them. */
const examples: readonly (readonly Step[])[] = [
  [reserve(1), invoke("a"), invoke("b"), invoke("c"), answer, kill, kill],
  [reserve(0), invoke("a"), ask("b"), reserve(null), ask("b"), answer, ask("a")],
  [reserve(1), invoke("a"), ask("b"), invoke("b"), remove, create, invoke("b"), invoke("c")],
  [invoke("a"), remove, invoke("a"), ask("b"), create, ask("b"), answer],
];

/** For a machine that is busy with other tests. */
const patienceMs = 1_500;
/** Every step on the way to the shortest history that fails takes that patience. */
const shrinkingMs = 80_000;

/** Throws the shortest history found on which they differ, and what was seen in it. */
export async function holdAgainstEngine(
  world: EngineWorld,
  parameters: { readonly numRuns: number; readonly interruptAfterTimeLimit?: number },
): Promise<void> {
  const property = fc.asyncProperty(histories, fc.nat(), async (steps, seed) => {
    const engine = await world.begin();
    const history = new CloudHistory(world, engine, new SimulatedDriver(seed));
    try {
      for (const step of steps) await history.take(step);
    } finally {
      await engine.end(patienceMs);
    }
  });
  await fc.assert(property, {
    interruptAfterTimeLimit: shrinkingMs,
    ...parameters,
    examples: examples.map((steps, seed) => [[...steps], seed]),
    includeErrorInReport: true,
  });
}

class CloudHistory {
  readonly #world: EngineWorld;
  readonly #engine: EngineDriver;
  readonly #simulated: SimulatedDriver;
  readonly #trace: string[] = [];
  #invocations = 0;

  constructor(world: EngineWorld, engine: EngineDriver, simulated: SimulatedDriver) {
    this.#world = world;
    this.#engine = engine;
    this.#simulated = simulated;
  }

  async take(step: Step): Promise<void> {
    const done = await this.#do(step, this.#simulated.view());
    if (done === null) return;
    const expected = this.#simulated.view();
    const agree = await this.#world.becomes(
      () => isDeepStrictEqual(this.#engine.view(), expected),
      patienceMs,
    );
    this.#trace.push(`${this.#trace.length + 1}. ${done}: ${JSON.stringify(expected)}`);
    if (!agree) this.#fail(JSON.stringify(this.#engine.view()));
  }

  /** What was done; null: nothing, there was nobody to do it to. */
  async #do(step: Step, { environments }: CloudView): Promise<string | null> {
    switch (step.act) {
      case "invoke":
      case "ask":
        return this.#invoke(step.act, step.tenant);
      case "create":
      case "delete": {
        if (this.#simulated.exists === (step.act === "create")) return null;
        for (const cloud of this.#both) await cloud[step.act]();
        return `the function is ${step.act}d`;
      }
      case "reserve":
        if (!this.#simulated.exists) return null;
        for (const cloud of this.#both) await cloud.reserve(step.most);
        return `the concurrency is ${step.most ?? "unlimited"}`;
      case "hasten":
        for (const cloud of this.#both) cloud.hasten(step.tenant);
        return `${step.tenant} is hastened`;
      case "keep":
        for (const cloud of this.#both) cloud.keep(step.tenant, step.isKept);
        return `${step.tenant} is ${step.isKept ? "kept" : "not kept"}`;
      case "answer": {
        const busy = environments.filter(({ state }) => state === "busy");
        const event = busy[step.which % Math.max(1, busy.length)]?.events.at(-1);
        if (event === undefined) return null;
        for (const cloud of this.#both) cloud.answer(event);
        return `event ${event} is answered`;
      }
      case "kill": {
        const alive = [...environments.entries()].filter(([, { state }]) => state !== "ended");
        const number = alive[step.which % Math.max(1, alive.length)]?.[0];
        if (number === undefined) return null;
        for (const cloud of this.#both) cloud.kill(number);
        return `environment ${number} is killed`;
      }
      case "pass":
        // The engine begins when the time has passed, the simulated cloud while it passes.
        if (this.#simulated.throttles) return null;
        for (const cloud of this.#both) cloud.pass(step.times * passMs);
        return `${(step.times * passMs) / 1000} s pass`;
      default:
        return step satisfies never;
    }
  }

  async #invoke(how: "invoke" | "ask", tenant: Tenant): Promise<string> {
    this.#invocations += 1;
    const number = this.#invocations;
    const expected = await this.#simulated[how](tenant, number);
    const answer = await this.#engine[how](tenant, number);
    const what = how === "ask" ? "question" : "event";
    const done = `${what} ${number} for ${tenant} is ${expected}`;
    if (answer === expected) return done;
    this.#trace.push(done);
    return this.#fail(`it is ${answer}`);
  }

  get #both() {
    return [this.#simulated, this.#engine] as const;
  }

  #fail(seen: string): never {
    throw new Error(`${this.#trace.join("\n")}\nthe engine: ${seen}`);
  }
}
