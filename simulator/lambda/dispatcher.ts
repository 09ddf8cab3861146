import { randomUUID } from "node:crypto";
import type { TimerHandle } from "../../platform/ports/clock.js";
import {
  Environment,
  type EnvironmentEnded,
  type EnvironmentEvents,
  type EnvironmentHost,
  type EnvironmentState,
} from "./environment.js";
import { type Blueprint, blueprintOf, type FunctionRecord } from "./function-record.js";
import type { Invocation, InvocationOutcome } from "./invocation.js";
import { LambdaError } from "./lambda-error.js";
import { Pool, type PoolHost } from "./pool.js";
import { StartGate } from "./start-gate.js";

export interface DispatcherOptions {
  readonly sparesMax: number;
  readonly idleMs: number;
  readonly initialisingMax: number;
  readonly environmentsMax: number;
  /** Pauses before the first and the second repetition of a failed event. */
  readonly retryDelaysMs: readonly number[];
  ended(ended: EnvironmentEnded): void;
}

export interface EnvironmentStatus {
  readonly id: string;
  /** null: a spare that is shared by several functions. */
  readonly functionName: string | null;
  readonly tenantId: string | null;
  /** Of the bootstrap; null until it was started. */
  readonly pid: number | null;
  readonly state: EnvironmentState;
  /** Finished invocations and the one under way. */
  readonly billedMs: number;
}

interface AsyncEvent {
  readonly requestId: string;
  readonly functionName: string;
  readonly tenantId: string | null;
  readonly payload: Buffer;
  readonly acceptedMs: number;
}

const retriesMaxDefault = 2;
const ageSecondsMaxDefault = 21_600;
const reasonFull = "ConcurrentInvocationLimitExceeded";

/** Brings events to environments: the asynchronous queue, repetitions, and who shares a pool. */
export class Dispatcher {
  readonly #functions = new Map<string, { record: FunctionRecord; pool: Pool }>();
  /** By the key of the blueprint. */
  readonly #pools = new Map<string, Pool>();
  readonly #environments = new Set<Environment>();
  readonly #retries = new Set<TimerHandle>();
  readonly #gate: StartGate;
  readonly #poolHost: PoolHost;
  #closed = false;

  constructor(
    private readonly host: EnvironmentHost,
    private readonly options: DispatcherOptions,
    private readonly arnOf: (functionName: string) => string,
  ) {
    this.#gate = new StartGate(options.initialisingMax, options.environmentsMax);
    this.#poolHost = {
      clock: host.clock,
      gate: this.#gate,
      sparesMax: options.sparesMax,
      idleMs: options.idleMs,
      create: (blueprint, events) => this.#create(blueprint, events),
      initFailed: ({ id, blueprint }) =>
        host.log.warn({ environment: id, log: blueprint.logName }, "environment failed to start"),
    };
  }

  /** From now on events of this function are handled as the record says. */
  bind(record: FunctionRecord): void {
    const blueprint = blueprintOf(record);
    const old = this.#functions.get(record.name)?.pool;
    const pool = this.#pools.get(blueprint.key) ?? new Pool(blueprint, this.#poolHost);
    this.#pools.set(blueprint.key, pool);
    this.#functions.set(record.name, { record, pool });
    if (old === pool) return;
    pool.addUser(record.name);
    if (old === undefined) return;
    const waiting = old.retire(record.name);
    if (old.unused) this.#pools.delete(old.blueprint.key);
    for (const invocation of waiting) pool.submit(invocation);
  }

  /** Ends all environments of the function; its events are dropped. */
  async unbind(functionName: string): Promise<void> {
    const pool = this.#functions.get(functionName)?.pool;
    if (pool === undefined) return;
    this.#functions.delete(functionName);
    const removed = pool.remove(functionName, this.#closed ? "closed" : "deleted");
    if (pool.unused) this.#pools.delete(pool.blueprint.key);
    // Those of an earlier blueprint that still finish what they were busy with.
    const others = [...this.#environments].filter((other) => other.functionName === functionName);
    await Promise.all([removed, ...others.map((other) => other.end("deleted"))]);
    this.host.ledger.forget(functionName);
    if (pool.unused) this.host.ledger.forget(pool.blueprint.logName);
  }

  /** Rejects with TooManyRequestsException where no environment may be started. */
  invoke(
    functionName: string,
    tenantId: string | null,
    payload: Buffer,
    requestId: string,
  ): Promise<InvocationOutcome> {
    const { record, pool } = this.#function(functionName);
    return new Promise((resolve, reject) => {
      const base = { requestId, record, tenantId, payload, expiresAtMs: null };
      const functionArn = this.arnOf(functionName);
      const invocation: Invocation = { ...base, functionArn, settle: resolve };
      if (!pool.hasIdle(invocation) && this.#gate.full) {
        reject(new LambdaError("TooManyRequestsException", "Rate Exceeded.", reasonFull));
        return;
      }
      pool.submit(invocation);
    });
  }

  /** Accepts the event; it is handled, repeated when that fails, and dropped in the end. */
  enqueue(
    functionName: string,
    tenantId: string | null,
    payload: Buffer,
    requestId: string = randomUUID(),
  ): void {
    this.#function(functionName);
    const acceptedMs = this.host.clock.monotonicMs();
    this.#attempt({ requestId, functionName, tenantId, payload, acceptedMs }, 0);
  }

  environments(): readonly EnvironmentStatus[] {
    return [...this.#environments].map(({ id, functionName, tenantId, pid, state, billedMs }) => ({
      id,
      functionName,
      tenantId,
      pid,
      state,
      billedMs,
    }));
  }

  billedMs(functionName: string, tenantId: string | null): number {
    const own = [...this.#environments].filter(
      (other) => other.functionName === functionName && other.tenantId === tenantId,
    );
    const running = own.reduce((sum, environment) => sum + environment.runningMs, 0);
    return this.host.ledger.billedMs(functionName, tenantId) + running;
  }

  /** Code that some environment still runs. */
  codeKeys(): readonly string[] {
    return [...this.#environments].map(({ blueprint }) => blueprint.codeKey);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#gate.close();
    for (const timer of this.#retries) this.host.clock.clearTimeout(timer);
    this.#retries.clear();
    await Promise.all([...this.#functions.keys()].map((name) => this.unbind(name)));
    await Promise.all([...this.#environments].map((environment) => environment.end("closed")));
  }

  #function(functionName: string): { record: FunctionRecord; pool: Pool } {
    const found = this.#functions.get(functionName);
    if (found !== undefined) return found;
    const message = `Function not found: ${this.arnOf(functionName)}`;
    throw new LambdaError("ResourceNotFoundException", message);
  }

  #create(blueprint: Blueprint, events: EnvironmentEvents): Environment {
    const environment = new Environment(blueprint, this.host, {
      ...events,
      ended: (which, ended) => {
        this.#environments.delete(which);
        this.#gate.ended();
        this.options.ended(ended);
        events.ended(which, ended);
      },
    });
    this.#environments.add(environment);
    return environment;
  }

  #attempt(event: AsyncEvent, attempt: number): void {
    const target = this.#functions.get(event.functionName);
    if (target === undefined) {
      this.#drop(event, "deleted");
      return;
    }
    const { record, pool } = target;
    const ageSecondsMax = record.eventInvoke?.ageSecondsMax ?? ageSecondsMaxDefault;
    const expiresAtMs = event.acceptedMs + ageSecondsMax * 1000;
    if (this.host.clock.monotonicMs() > expiresAtMs) {
      this.#drop(event, "too old");
      return;
    }
    pool.submit({
      requestId: event.requestId,
      record,
      functionArn: this.arnOf(record.name),
      tenantId: event.tenantId,
      payload: event.payload,
      expiresAtMs,
      settle: (outcome) => this.#attempted(event, attempt, outcome),
    });
  }

  #attempted(event: AsyncEvent, attempt: number, outcome: InvocationOutcome): void {
    if (outcome.result === "response") return;
    if (outcome.result === "cancelled" || this.#closed) {
      this.#drop(event, "cancelled");
      return;
    }
    const record = this.#functions.get(event.functionName)?.record;
    if (attempt >= (record?.eventInvoke?.retriesMax ?? retriesMaxDefault)) {
      this.#drop(event, `failed: ${outcome.payload.toString("utf8", 0, 1024)}`);
      return;
    }
    const { clock } = this.host;
    const timer = clock.setTimeout(() => {
      this.#retries.delete(timer);
      this.#attempt(event, attempt + 1);
    }, this.options.retryDelaysMs[attempt] ?? 0);
    this.#retries.add(timer);
  }

  #drop({ requestId, functionName }: AsyncEvent, reason: string): void {
    this.host.ledger.drop(requestId, functionName, reason);
  }
}
