import { randomUUID } from "node:crypto";
import { AsyncQueue } from "./async-queue.js";
import { Concurrency } from "./concurrency.js";
import { type EngineFaults, Lottery } from "./engine-faults.js";
import { Environment } from "./environment.js";
import type {
  EnvironmentEnded,
  EnvironmentEvents,
  EnvironmentHost,
  EnvironmentState,
} from "./environment-contract.js";
import type { EnvironmentRecord } from "./environment-record.js";
import type { AsyncEvent, EventFiles } from "./event-files.js";
import { type Blueprint, blueprintOf, type FunctionRecord } from "./function-record.js";
import type { Invocation, InvocationOutcome } from "./invocation.js";
import { LambdaError } from "./lambda-error.js";
import { Pool, type PoolHost } from "./pool.js";
import { StartGate } from "./start-gate.js";

export interface DispatcherOptions {
  readonly sparesMax: number;
  readonly idleMs: number;
  readonly keeps: (environment: EnvironmentStatus) => boolean;
  readonly initialisingMax: number;
  readonly environmentsMax: number;
  /** The account's limit. */
  readonly concurrencyMax: number;
  readonly faults: EngineFaults;
  readonly events: EventFiles;
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
  /** Idle, and nothing of it runs. */
  readonly frozen: boolean;
  /** Finished invocations and the one under way. */
  readonly billedMs: number;
}

const reasonFull = "ConcurrentInvocationLimitExceeded";

/** Brings events to environments: which function uses which pool, and what that pool gets. */
export class Dispatcher {
  readonly #functions = new Map<string, { record: FunctionRecord; pool: Pool }>();
  /** By the key of the blueprint. */
  readonly #pools = new Map<string, Pool>();
  readonly #environments = new Set<Environment>();
  readonly #queue: AsyncQueue;
  readonly #gate: StartGate;
  readonly #concurrency: Concurrency;
  readonly #poolHost: PoolHost;
  #closed = false;

  constructor(
    private readonly host: EnvironmentHost,
    private readonly options: DispatcherOptions,
    private readonly arnOf: (functionName: string) => string,
  ) {
    this.#gate = new StartGate(options.initialisingMax, options.environmentsMax);
    const records = () => [...this.#functions.values()].map(({ record }) => record);
    this.#concurrency = new Concurrency(options.concurrencyMax, records);
    const earlyReaps = new Lottery(options.faults.earlyReaps);
    this.#poolHost = {
      clock: host.clock,
      gate: this.#gate,
      sparesMax: options.sparesMax,
      idleMs: options.idleMs,
      keeps: (environment) => options.keeps(statusOf(environment)),
      reapsEarly: () => earlyReaps.draw(),
      create: (blueprint, events, id) => this.#create(blueprint, events, id),
      initFailed: ({ id, blueprint }) =>
        host.log.warn({ environment: id, log: blueprint.logName }, "environment failed to start"),
    };
    this.#queue = new AsyncQueue({
      clock: host.clock,
      files: options.events,
      ledger: host.ledger,
      retryDelaysMs: options.retryDelaysMs,
      faults: options.faults,
      arnOf,
      find: (functionName) => this.#functions.get(functionName)?.record ?? null,
      submit: (invocation) => this.#submitAsynchronous(invocation),
    });
  }

  /** Goes on where an earlier engine was killed; before anything else. */
  restore(functions: readonly FunctionRecord[], left: readonly EnvironmentRecord[]): void {
    for (const record of functions) {
      const blueprint = blueprintOf(record);
      const pool = this.#pools.get(blueprint.key) ?? new Pool(blueprint, this.#poolHost);
      this.#pools.set(blueprint.key, pool);
      this.#functions.set(record.name, { record, pool });
    }
    const events = new Map(this.options.events.list().map((event) => [event.requestId, event]));
    for (const record of left) this.#adopt(record, events);
    // Only now, so that spares that come back are counted.
    for (const [name, { pool }] of this.#functions) pool.addUser(name);
    this.#queue.restore([...events.values()]);
  }

  /** From now on events of this function are handled as the record says. */
  bind(record: FunctionRecord): void {
    const blueprint = blueprintOf(record);
    const old = this.#functions.get(record.name)?.pool;
    const pool = this.#pools.get(blueprint.key) ?? new Pool(blueprint, this.#poolHost);
    this.#pools.set(blueprint.key, pool);
    this.#functions.set(record.name, { record, pool });
    // It may allow more now.
    this.#queue.tryThrottled();
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
    this.#queue.tryThrottled();
    this.host.ledger.forget(functionName);
    if (pool.unused) this.host.ledger.forget(pool.blueprint.logName);
  }

  /**
   * Rejects with TooManyRequestsException where a limit of concurrency is met, or no environment
   * may be started.
   */
  invoke(
    functionName: string,
    tenantId: string | null,
    payload: Buffer,
    requestId: string,
    clientContext: string | null = null,
  ): Promise<InvocationOutcome> {
    const { record, pool } = this.#function(functionName);
    return new Promise((resolve, reject) => {
      const base = { requestId, record, tenantId, payload, clientContext, expiresAtMs: null };
      const functionArn = this.arnOf(functionName);
      const invocation: Invocation = { ...base, functionArn, settle: resolve };
      const isFull = !pool.hasIdle(invocation) && this.#gate.full;
      const reason = this.#concurrency.refusal(record) ?? (isFull ? reasonFull : null);
      if (reason === null) pool.submit(this.#entered(invocation));
      else reject(new LambdaError("TooManyRequestsException", "Rate Exceeded.", reason));
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
    this.#queue.accept({ requestId, functionName, tenantId, payload });
  }

  /** Thaws what the tenant has, ahead of an event. */
  hasten(functionName: string, tenantId: string): void {
    for (const environment of this.#environments) {
      const isOwn = environment.tenantId === tenantId && environment.functionName === functionName;
      if (isOwn) environment.hasten();
    }
  }

  environments(): readonly EnvironmentStatus[] {
    return [...this.#environments].map(statusOf);
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
    this.#queue.close();
    await Promise.all([...this.#functions.keys()].map((name) => this.unbind(name)));
    await Promise.all([...this.#environments].map((environment) => environment.end("closed")));
  }

  /** False: a limit is met, it has to wait. */
  #submitAsynchronous(invocation: Invocation): boolean {
    const { record, pool } = this.#function(invocation.record.name);
    if (this.#concurrency.refusal(record) !== null) return false;
    pool.submit(this.#entered(invocation));
    return true;
  }

  /** Counts against the limits until it is settled. */
  #entered(invocation: Invocation): Invocation {
    const { name } = invocation.record;
    this.#concurrency.enter(name);
    const settle = (outcome: InvocationOutcome) => {
      this.#concurrency.leave(name);
      invocation.settle(outcome);
      this.#queue.tryThrottled();
    };
    return { ...invocation, settle };
  }

  #function(functionName: string): { record: FunctionRecord; pool: Pool } {
    const found = this.#functions.get(functionName);
    if (found !== undefined) return found;
    const message = `Function not found: ${this.arnOf(functionName)}`;
    throw new LambdaError("ResourceNotFoundException", message);
  }

  /** Takes from `events` what the environment has in hand. */
  #adopt(record: EnvironmentRecord, events: Map<string, AsyncEvent>): void {
    const { functionName, current, blueprint } = record;
    const own = functionName === null ? undefined : this.#functions.get(functionName);
    const shared = this.#pools.get(blueprint.key);
    const pool = (functionName === null ? shared : own?.pool) ?? null;
    const serves = pool !== null && pool.blueprint.key === blueprint.key;
    const home = serves ? pool : new Pool(blueprint, this.#poolHost);
    if (functionName !== null) {
      this.host.ledger.add(functionName, record.tenantId, record.billedMs);
    }
    const event = events.get(current?.requestId ?? "");
    if (event !== undefined) events.delete(event.requestId);
    const underWay = current && this.#entered(this.#underWay(record, current, event));
    const environment = home.adopt(record, underWay);
    if (serves) return;
    if (own !== undefined && current !== null) environment.retiring = true;
    else void environment.end(own === undefined ? "deleted" : "retired");
  }

  #underWay(
    { tenantId }: EnvironmentRecord,
    { requestId, record }: NonNullable<EnvironmentRecord["current"]>,
    event: AsyncEvent | undefined,
  ): Invocation {
    if (event !== undefined) return this.#queue.adopt(event, record);
    // Whoever waited for the answer was connected to the engine that is gone.
    const settle = () => undefined;
    const functionArn = this.arnOf(record.name);
    const expiresAtMs = null;
    const nothing = { payload: null, clientContext: null, expiresAtMs };
    return { requestId, record, functionArn, tenantId, ...nothing, settle };
  }

  #create(blueprint: Blueprint, events: EnvironmentEvents, id?: string): Environment {
    const forwarded: EnvironmentEvents = {
      ...events,
      ended: (which, ended) => {
        this.#environments.delete(which);
        this.#gate.ended();
        this.options.ended(ended);
        events.ended(which, ended);
      },
    };
    const environment = new Environment(blueprint, this.host, forwarded, id);
    this.#environments.add(environment);
    return environment;
  }
}

function statusOf(environment: Environment): EnvironmentStatus {
  const { id, functionName, tenantId, pid, state, frozen, billedMs } = environment;
  return { id, functionName, tenantId, pid, state, frozen, billedMs };
}
