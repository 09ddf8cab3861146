/** The Lambda engine on this machine, with real processes: each history has tenants of its own. */
import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, watch } from "node:fs";
import { PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
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

const functionName = "web";

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
    await rig.create(functionName, { Timeout: timeoutMs / 1000 });
    // As the platform has it: what becomes of an event is its supervisor's business.
    const config = { FunctionName: functionName, MaximumRetryAttempts: 0 };
    await rig.client.send(new PutFunctionEventInvokeConfigCommand(config));
    const world = new EngineWorld(rig, clock, kept);
    const changed = () => world.#changes.emit("change");
    rig.engine.on("environmentEnded", changed);
    rig.engine.onFreezeChange(changed);
    const watcher = watch(rig.directory, changed);
    t.teardown(() => watcher.close());
    return world;
  }

  begin(): EngineDriver {
    this.#histories += 1;
    return new EngineDriver(this, `history-${this.#histories}`);
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
  readonly #prefix: string;
  readonly #sent: SentEvent[] = [];

  constructor(world: EngineWorld, prefix: string) {
    this.#world = world;
    this.#prefix = prefix;
  }

  async invoke(tenant: Tenant, number: number): Promise<string> {
    this.#sent.push({ tenant, number });
    const file = this.#path("answer", number);
    const report = this.#path("given", number);
    const event = { action: "wait", file, report };
    const status = await this.#world.rig.send(functionName, this.#tenantId(tenant), event);
    return status === 202 ? "accepted" : String(status);
  }

  answer(event: number): void {
    this.#world.rig.touch(this.#path("answer", event));
  }

  kill(environment: number): void {
    const pid = [...this.#byProcess().keys()][environment];
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  }

  hasten(tenant: Tenant): void {
    this.#world.rig.engine.hasten(functionName, this.#tenantId(tenant));
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
    for (const [pid, [first, ...more]] of this.#byProcess()) {
      if (first === undefined) continue;
      const events = [first, ...more].map(({ number }) => number);
      environments.push({ tenant: first.tenant, events, state: stateOf(alive.get(pid)) });
    }
    const given = new Set(environments.flatMap(({ events }) => events));
    const waiting = this.#sent.map(({ number }) => number).filter((number) => !given.has(number));
    return { environments, waiting };
  }

  /** Ends what is left of the history. */
  async end(patienceMs: number): Promise<void> {
    for (const { pid } of this.#alive()) if (pid !== null) process.kill(pid, "SIGKILL");
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
    const isOwn = ({ tenantId }: EnvironmentStatus) => tenantId?.startsWith(`${this.#prefix}-`);
    return engine.environments().filter(isOwn);
  }

  #tenantId(tenant: Tenant): string {
    return `${this.#prefix}-${tenant}`;
  }

  #path(what: string, event: number): string {
    return this.#world.rig.path(`${this.#prefix}-${what}-${event}`);
  }
}

function stateOf(status: EnvironmentStatus | undefined): SeenEnvironment["state"] {
  if (status === undefined) return "ended";
  if (status.state !== "idle") return "busy";
  return status.frozen ? "frozen" : "awake";
}

function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}
