/** The Lambda engine on this machine, with real processes: each history has tenants of its own. */
import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, watch } from "node:fs";
import {
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  ResourceNotFoundException,
  TooManyRequestsException,
} from "@aws-sdk/client-lambda";
import type { ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import type { EnvironmentStatus } from "../../simulator/lambda/engine.js";
import { EngineRig } from "../engine/engine-rig.js";
import {
  type CloudView,
  type DrivenCloud,
  idleMs,
  type SeenEnvironment,
  type Tenant,
  timeoutMs,
} from "./driven-cloud.js";
import { PassingClock } from "./passing-clock.js";

/** Of a question: for a machine that is busy with other tests. */
const givenMs = 1_500;

export class EngineWorld {
  readonly clock: PassingClock;
  readonly rig: EngineRig;
  readonly kept: Set<string>;
  readonly #changes = new EventEmitter();
  #histories = 0;

  private constructor(rig: EngineRig, clock: PassingClock, kept: Set<string>) {
    this.rig = rig;
    this.clock = clock;
    this.kept = kept;
  }

  static async open(t: ExecutionContext): Promise<EngineWorld> {
    const clock = new PassingClock(systemClock);
    const kept = new Set<string>();
    const keeps = ({ tenantId }: EnvironmentStatus) => kept.has(tenantId ?? "");
    const rig = await EngineRig.start(t, { clock, idleMs, keeps });
    const world = new EngineWorld(rig, clock, kept);
    const changed = () => world.#changes.emit("change");
    rig.engine.on("environmentEnded", changed);
    rig.engine.onFreezeChange(changed);
    const watcher = watch(rig.directory, changed);
    t.teardown(() => watcher.close());
    return world;
  }

  /** With a function of its own. */
  async begin(): Promise<EngineDriver> {
    this.#histories += 1;
    const driver = new EngineDriver(this, `history-${this.#histories}`);
    await driver.create();
    return driver;
  }

  /** Resolves once it is so; false: it is not, after all this time. */
  async becomes(isSo: () => boolean, patienceMs: number): Promise<boolean> {
    const signal = AbortSignal.timeout(patienceMs);
    while (!isSo()) {
      try {
        await once(this.#changes, "change", { signal });
      } catch (error) {
        if (signal.aborted) return isSo();
        throw error;
      }
    }
    return true;
  }
}

interface SentEvent {
  readonly tenant: Tenant;
  readonly number: number;
}

export class EngineDriver implements DrivenCloud {
  readonly #world: EngineWorld;
  /** Of its function; its tenants begin with it. */
  readonly #name: string;
  readonly #sent: SentEvent[] = [];
  #exists = false;

  constructor(world: EngineWorld, name: string) {
    this.#world = world;
    this.#name = name;
  }

  async invoke(tenant: Tenant, number: number): Promise<string> {
    const { rig } = this.#world;
    const sent = rig.send(this.#name, this.#tenantId(tenant), this.#eventOf(number));
    const answer = await sent.then(answerOf, refusalOf);
    if (answer === "accepted") this.#sent.push({ tenant, number });
    return answer;
  }

  /** It is accepted where it is not refused before an environment has it. */
  async ask(tenant: Tenant, number: number): Promise<string> {
    const { rig } = this.#world;
    let refusal: string | null = null;
    const asked = rig.invoke(this.#name, this.#tenantId(tenant), this.#eventOf(number)).then(
      () => undefined,
      (error: unknown) => {
        refusal = refusalOf(error);
      },
    );
    const given = this.#world.becomes(() => existsSync(this.#path("given", number)), givenMs);
    await Promise.race([asked, given]);
    if (refusal !== null) return refusal;
    this.#sent.push({ tenant, number });
    return "accepted";
  }

  async create(): Promise<void> {
    const { rig } = this.#world;
    await rig.create(this.#name, { Timeout: timeoutMs / 1000 });
    // As the platform has it: what becomes of an event is its supervisor's business.
    const config = { FunctionName: this.#name, MaximumRetryAttempts: 0 };
    await rig.client.send(new PutFunctionEventInvokeConfigCommand(config));
    this.#exists = true;
  }

  async delete(): Promise<void> {
    this.#exists = false;
    await this.#world.rig.client.send(new DeleteFunctionCommand({ FunctionName: this.#name }));
  }

  async reserve(most: number | null): Promise<void> {
    const { client } = this.#world.rig;
    const FunctionName = this.#name;
    if (most === null) await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    else {
      const asked = { FunctionName, ReservedConcurrentExecutions: most };
      await client.send(new PutFunctionConcurrencyCommand(asked));
    }
  }

  answer(event: number): void {
    this.#world.rig.touch(this.#path("answer", event));
  }

  kill(environment: number): void {
    const pid = [...this.#byProcess().keys()][environment];
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  }

  hasten(tenant: Tenant): void {
    this.#world.rig.engine.hasten(this.#name, this.#tenantId(tenant));
  }

  keep(tenant: Tenant, isKept: boolean): void {
    if (isKept) this.#world.kept.add(this.#tenantId(tenant));
    else this.#world.kept.delete(this.#tenantId(tenant));
  }

  pass(ms: number): void {
    this.#world.clock.pass(ms);
  }

  view(): CloudView {
    const alive = new Map(this.#alive().map((status) => [status.pid, status]));
    const environments: SeenEnvironment[] = [];
    const byProcess = this.#byProcess();
    const isNew = ({ pid }: EnvironmentStatus) => pid === null || !byProcess.has(pid);
    for (const [pid, [first, ...more]] of byProcess) {
      if (first === undefined) continue;
      const events = [first, ...more].map(({ number }) => number);
      environments.push({ tenant: first.tenant, events, state: stateOf(alive.get(pid)) });
    }
    const given = new Set(environments.flatMap(({ events }) => events));
    const waiting = this.#sent.map(({ number }) => number).filter((number) => !given.has(number));
    // One history at a time has the engine.
    const starting = this.#world.rig.engine.environments().filter(isNew).length;
    return { starting, environments, waiting };
  }

  /** Ends what is left of the history. */
  async end(patienceMs: number): Promise<void> {
    if (this.#exists) await this.delete();
    await this.#world.becomes(() => this.#alive().length === 0, patienceMs);
  }

  /** What each process was given, in the order of the first events. */
  #byProcess(): ReadonlyMap<number, readonly SentEvent[]> {
    const byProcess = new Map<number, SentEvent[]>();
    for (const event of this.#sent) {
      for (const pid of linesOf(this.#path("given", event.number)).map(Number)) {
        byProcess.set(pid, [...(byProcess.get(pid) ?? []), event]);
      }
    }
    return byProcess;
  }

  #alive(): readonly EnvironmentStatus[] {
    const { engine } = this.#world.rig;
    const isOwn = ({ tenantId }: EnvironmentStatus) => tenantId?.startsWith(`${this.#name}-`);
    return engine.environments().filter(isOwn);
  }

  #eventOf(number: number): object {
    const file = this.#path("answer", number);
    return { action: "wait", file, report: this.#path("given", number) };
  }

  #tenantId(tenant: Tenant): string {
    return `${this.#name}-${tenant}`;
  }

  #path(what: string, event: number): string {
    return this.#world.rig.path(`${this.#name}-${what}-${event}`);
  }
}

function answerOf(status: number | undefined): string {
  return status === 202 ? "accepted" : String(status);
}

function refusalOf(error: unknown): string {
  if (error instanceof TooManyRequestsException) return "throttled";
  if (error instanceof ResourceNotFoundException) return "not found";
  return String(error);
}

function stateOf(status: EnvironmentStatus | undefined): SeenEnvironment["state"] {
  if (status === undefined) return "ended";
  if (status.state !== "idle") return "busy";
  return status.frozen ? "frozen" : "awake";
}

function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}
