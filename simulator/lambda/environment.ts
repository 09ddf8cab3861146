import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { Bootstrap } from "./bootstrap.js";
import type { Blueprint } from "./function-record.js";
import { errorOutcome, type Invocation, type InvocationOutcome, ownerOf } from "./invocation.js";
import type { InvocationLedger } from "./invocation-ledger.js";
import type { ProcessTable } from "./process-table.js";
import { ProcessTree } from "./process-tree.js";
import { RuntimeApi } from "./runtime-api.js";

export type EnvironmentState = "init" | "idle" | "busy" | "ended";

export type EndReason =
  | "exited"
  | "init-failed"
  | "init-timeout"
  | "timeout"
  | "reaped"
  | "retired"
  | "deleted"
  | "closed";

/** The proof that nothing of the environment runs any more. */
export interface EnvironmentEnded {
  readonly id: string;
  /** null: a spare that was never used. */
  readonly functionName: string | null;
  readonly tenantId: string | null;
  /** Of the bootstrap; null if it could not even be started. */
  readonly pid: number | null;
  readonly reason: EndReason;
  /** Of the bootstrap. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What all environments of an engine have in common. */
export interface EnvironmentHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly table: ProcessTable;
  readonly ledger: InvocationLedger;
  readonly region: string;
  /** Holds one socket an environment. */
  readonly runtimeDirectory: string;
  /** Holds one directory an environment, named by its id. */
  readonly environmentsDirectory: string;
  readonly initTimeoutMs: number;
  readonly graceMs: number;
  /** Variables that every bootstrap finds: PATH and the like. */
  readonly baseVariables: Readonly<Record<string, string>>;
  codePath(codeKey: string): string;
}

export interface EnvironmentEvents {
  /** The bootstrap waits for an invocation; the environment is idle. */
  ready(environment: Environment): void;
  /** It no longer waits, or has begun to end. */
  away(environment: Environment): void;
  responded(environment: Environment): void;
  ended(environment: Environment, ended: EnvironmentEnded): void;
}

/** Node's timers count in 31 bits; only an engine that allows more than AWS comes near. */
const timerMsMax = 2 ** 31 - 1;

/**
 * One execution environment: a process tree below the function's bootstrap, which belongs to one
 * function and tenant from its first event to its end.
 *
 *     init → idle ⇄ busy, and from each of them → ended
 */
export class Environment {
  readonly id = randomBytes(8).toString("hex");
  state: EnvironmentState = "init";
  functionName: string | null;
  tenantId: string | null = null;
  /** Names function and tenant once it has had an event; null: anybody may have it. */
  owner: string | null = null;
  #initError: InvocationOutcome | null = null;
  /** Ends after the invocation that it is busy with. */
  retiring = false;
  #billedMs = 0;
  #current: { invocation: Invocation; startedMs: number; timer: TimerHandle } | null = null;
  #initTimer: TimerHandle | null = null;
  #bootstrap: Bootstrap | null = null;
  #ending: Promise<void> | null = null;
  #begun: Promise<void> = Promise.resolve();
  readonly #api: RuntimeApi;
  readonly #tree: ProcessTree;

  constructor(
    readonly blueprint: Blueprint,
    private readonly host: EnvironmentHost,
    private readonly events: EnvironmentEvents,
  ) {
    this.functionName = blueprint.identity?.functionName ?? null;
    this.#tree = new ProcessTree(host.table, host.clock, host.log, this.id);
    this.#api = new RuntimeApi({
      ready: () => this.#ready(),
      away: () => this.#away(),
      finished: (outcome) => this.#finished(outcome),
      initFailed: (outcome) => {
        this.#initError = outcome;
        this.#finish("init-failed", 0);
      },
    });
  }

  get pid(): number | null {
    return this.#bootstrap?.pid ?? null;
  }

  /** Of finished invocations and of the one under way. */
  get billedMs(): number {
    return this.#billedMs + this.runningMs;
  }

  get runningMs(): number {
    if (this.#current === null) return 0;
    return Math.ceil(this.host.clock.monotonicMs() - this.#current.startedMs);
  }

  /** Why the runtime did not get as far as asking for its first event. */
  get initOutcome(): InvocationOutcome {
    if (this.#initError !== null) return this.#initError;
    const type =
      this.#bootstrap?.failure == null ? "Runtime.ExitError" : "Runtime.InvalidEntrypoint";
    return errorOutcome(type, `Runtime failed to initialise: ${this.#exit()}`);
  }

  get ending(): boolean {
    return this.#ending !== null;
  }

  /** Starts the bootstrap; whatever fails from here on is reported by `ended`. */
  start(): void {
    const { clock, initTimeoutMs, log } = this.host;
    this.#initTimer = clock.setTimeout(() => this.#finish("init-timeout", 0), initTimeoutMs);
    this.#begun = this.#begin().catch((error) => {
      log.error({ environment: this.id, error: String(error) }, "environment cannot be started");
      this.#finish("init-failed", 0);
    });
  }

  /** Gives the idle environment an event; the first one decides to whom it belongs. */
  run(invocation: Invocation): void {
    const { clock, ledger } = this.host;
    const { record, tenantId } = invocation;
    const timeoutMs = record.timeoutSeconds * 1000;
    this.functionName = record.name;
    this.tenantId = tenantId;
    this.owner = ownerOf(invocation);
    this.state = "busy";
    ledger.start(invocation);
    const startedMs = clock.monotonicMs();
    const timer = clock.setTimeout(
      () => this.#finish("timeout", 0),
      Math.min(timeoutMs, timerMsMax),
    );
    this.#current = { invocation, startedMs, timer };
    const epoch = Math.floor(clock.nowMs() / 1000).toString(16);
    const traceId = `Root=1-${epoch}-${randomBytes(12).toString("hex")};Sampled=0`;
    this.#api.deliver(invocation, clock.nowMs() + timeoutMs, traceId);
  }

  /** SIGTERM, grace, SIGKILL for the whole tree; resolves once nothing of it is left. */
  end(reason: EndReason): Promise<void> {
    return this.#finish(reason, this.host.graceMs);
  }

  async #begin(): Promise<void> {
    const { blueprint, host } = this;
    const temporaryDirectory = join(host.environmentsDirectory, this.id, "tmp");
    const apiSocket = this.#apiSocket();
    await Promise.all([
      mkdir(temporaryDirectory, { recursive: true, mode: 0o700 }),
      this.#api.listen(apiSocket),
    ]);
    if (this.ending) return;
    const bootstrap = new Bootstrap(blueprint, {
      environmentId: this.id,
      root: host.codePath(blueprint.codeKey),
      apiSocket,
      temporaryDirectory,
      region: host.region,
      baseVariables: host.baseVariables,
      output: host.ledger.log(blueprint.logName).descriptor,
    });
    this.#bootstrap = bootstrap;
    bootstrap.exited.then(() => this.#finish("exited", 0));
  }

  #apiSocket(): string {
    return join(this.host.runtimeDirectory, `${this.id}.sock`);
  }

  #ready(): void {
    if (this.ending) return;
    if (this.#initTimer !== null) this.host.clock.clearTimeout(this.#initTimer);
    this.#initTimer = null;
    this.state = "idle";
    this.events.ready(this);
  }

  #away(): void {
    if (this.ending) return;
    this.state = "busy";
    this.events.away(this);
  }

  #finished(outcome: InvocationOutcome): void {
    // At the deadline the tree is being killed: what it still says comes too late.
    if (this.ending) return;
    this.#settle(outcome);
    this.events.responded(this);
  }

  #settle(outcome: InvocationOutcome, status?: string): void {
    if (this.#current === null) return;
    const { invocation, startedMs, timer } = this.#current;
    this.#current = null;
    this.host.clock.clearTimeout(timer);
    const durationMs = this.host.clock.monotonicMs() - startedMs;
    this.#billedMs += this.host.ledger.finish(invocation, durationMs, status);
    invocation.settle(outcome);
  }

  #finish(reason: EndReason, graceMs: number): Promise<void> {
    if (this.#ending === null) {
      this.#ending = this.#terminate(reason, graceMs);
      // From here on it takes no event, also where it ends by itself.
      this.events.away(this);
    }
    return this.#ending;
  }

  async #terminate(reason: EndReason, graceMs: number): Promise<void> {
    const { clock, environmentsDirectory } = this.host;
    if (this.#initTimer !== null) clock.clearTimeout(this.#initTimer);
    if (this.#current !== null) clock.clearTimeout(this.#current.timer);
    await this.#begun;
    if (graceMs > 0) await this.#bootstrap?.stop(this.#tree, clock, graceMs);
    await this.#tree.kill();
    await this.#bootstrap?.exited;
    await this.#api.close();
    await rm(this.#apiSocket(), { force: true });
    await rm(join(environmentsDirectory, this.id), { recursive: true, force: true });
    const ended = this.#ended(reason);
    this.state = "ended";
    this.events.ended(this, ended);
    this.#settle(this.#endOutcome(reason), reason === "timeout" ? "timeout" : "error");
  }

  #ended(reason: EndReason): EnvironmentEnded {
    return {
      id: this.id,
      functionName: this.functionName,
      tenantId: this.tenantId,
      pid: this.pid,
      reason,
      exitCode: this.#bootstrap?.exit?.code ?? null,
      signal: this.#bootstrap?.exit?.signal ?? null,
    };
  }

  /** What the invocation that an end cuts off comes to. */
  #endOutcome(reason: EndReason): InvocationOutcome {
    const current = this.#current?.invocation;
    if (reason === "deleted" || reason === "closed") return { result: "cancelled" };
    const prefix = `RequestId: ${current?.requestId ?? "-"} Error:`;
    if (reason === "timeout") {
      const seconds = (current?.record.timeoutSeconds ?? 0).toFixed(2);
      return errorOutcome("Sandbox.Timedout", `${prefix} Task timed out after ${seconds} seconds`);
    }
    return errorOutcome(
      "Runtime.ExitError",
      `${prefix} Runtime exited with error: ${this.#exit()}`,
    );
  }

  #exit(): string {
    return this.#bootstrap?.describe() ?? "not started";
  }
}
