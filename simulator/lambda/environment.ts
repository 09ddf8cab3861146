import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TimerHandle } from "../../platform/ports/clock.js";
import { AdoptedProcess } from "./adopted-process.js";
import { Bootstrap } from "./bootstrap.js";
import type {
  EndReason,
  EnvironmentEnded,
  EnvironmentEvents,
  EnvironmentHost,
  EnvironmentState,
} from "./environment-contract.js";
import {
  type EnvironmentRecord,
  type RecordedProcess,
  removeEnvironmentRecord,
  writeEnvironmentRecord,
} from "./environment-record.js";
import type { Blueprint } from "./function-record.js";
import { errorOutcome, type Invocation, type InvocationOutcome, ownerOf } from "./invocation.js";
import { identityOf } from "./process-table.js";
import { ProcessTree } from "./process-tree.js";
import type { RootProcess } from "./root-process.js";
import { RuntimeApi } from "./runtime-api.js";
import { cutOff, type InvocationTimes, UnderWay } from "./under-way.js";

/**
 * One execution environment: a process tree below the function's bootstrap, which belongs to one
 * function and tenant from its first event to its end.
 *
 *     init → idle ⇄ busy, and from each of them → ended
 */
export class Environment {
  state: EnvironmentState = "init";
  functionName: string | null;
  tenantId: string | null = null;
  /** Names function and tenant once it has had an event; null: anybody may have it. */
  owner: string | null = null;
  #initError: InvocationOutcome | null = null;
  /** Ends after the invocation that it is busy with. */
  retiring = false;
  #billedMs = 0;
  #current: UnderWay | null = null;
  #initTimer: TimerHandle | null = null;
  #root: RootProcess | null = null;
  #process: RecordedProcess | null = null;
  #ending: Promise<void> | null = null;
  #begun: Promise<void> = Promise.resolve();
  readonly #api: RuntimeApi;
  readonly #apiSocket: string;
  readonly #temporaryDirectory: string;
  readonly #tree: ProcessTree;

  constructor(
    readonly blueprint: Blueprint,
    private readonly host: EnvironmentHost,
    private readonly events: EnvironmentEvents,
    readonly id: string = randomBytes(8).toString("hex"),
  ) {
    this.functionName = blueprint.identity?.functionName ?? null;
    this.#tree = new ProcessTree(host.table, host.clock, host.log, this.id);
    this.#apiSocket = join(host.runtimeDirectory, `${id}.sock`);
    this.#temporaryDirectory = join(host.environmentsDirectory, id, "tmp");
    this.#api = new RuntimeApi({
      ready: () => this.#ready(),
      away: () => this.#away(),
      missed: () => this.#missed(),
      finished: (outcome) => this.#finished(outcome),
      initFailed: (outcome) => this.#initFailed(outcome),
    });
  }

  get pid(): number | null {
    return this.#root?.pid ?? null;
  }

  /** Of finished invocations and of the one under way. */
  get billedMs(): number {
    return this.#billedMs + this.runningMs;
  }

  get runningMs(): number {
    return Math.ceil(this.#current?.runningMs ?? 0);
  }

  /** Why the runtime did not get as far as asking for its first event. */
  get initOutcome(): InvocationOutcome {
    if (this.#initError !== null) return this.#initError;
    const type = this.#root?.failure == null ? "Runtime.ExitError" : "Runtime.InvalidEntrypoint";
    return errorOutcome(type, `Runtime failed to initialise: ${this.#exit()}`);
  }

  get ending(): boolean {
    return this.#ending !== null;
  }

  /** Starts the bootstrap; whatever fails from here on is reported by `ended`. */
  start(): void {
    this.#awaitReady();
    this.#begun = this.#start().catch((error) => this.#unable(error));
  }

  /**
   * Takes over what an earlier engine left behind, with the invocation that it was busy with. Is
   * `ready` when the bootstrap asks again, and ends if that is gone.
   */
  adopt(record: EnvironmentRecord, invocation: Invocation | null): void {
    const { host } = this;
    this.functionName = record.functionName;
    this.tenantId = record.tenantId;
    this.owner = record.owner;
    this.#billedMs = record.billedMs;
    this.#process = record.process;
    this.#root = new AdoptedProcess(record.process, host.clock, host.addon);
    this.#api.adopt(record.current?.requestId ?? null, record.owner !== null);
    if (record.current !== null && invocation !== null) {
      this.state = "busy";
      this.#begin(invocation, record.current);
    } else {
      this.#initTimer = host.clock.setTimeout(() => this.events.late(this), host.initTimeoutMs);
    }
    this.#begun = this.#listen().catch((error) => this.#unable(error));
    this.#root.exited.then(() => this.#finish("exited", 0));
  }

  /** Gives the idle environment an event; the first one decides to whom it belongs. */
  run(invocation: Invocation): void {
    const { clock, ledger } = this.host;
    const { record, tenantId } = invocation;
    this.functionName = record.name;
    this.tenantId = tenantId;
    this.owner = ownerOf(invocation);
    this.state = "busy";
    ledger.start(invocation);
    const startedAtMs = clock.nowMs();
    const deadlineAtMs = startedAtMs + record.timeoutSeconds * 1000;
    const underWay = this.#begin(invocation, { startedAtMs, deadlineAtMs });
    // First: an engine that dies in between finds that the bootstrap never got it.
    this.#save();
    underWay.deliver(this.#api);
  }

  /** SIGTERM, grace, SIGKILL for the whole tree; resolves once nothing of it is left. */
  end(reason: EndReason): Promise<void> {
    return this.#finish(reason, this.host.graceMs);
  }

  async #start(): Promise<void> {
    const { blueprint, host } = this;
    const [apiSocket, temporaryDirectory] = [this.#apiSocket, this.#temporaryDirectory];
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
    this.#root = bootstrap;
    const identity = bootstrap.pid === null ? null : identityOf(bootstrap.pid);
    if (bootstrap.pid !== null && identity !== null) {
      this.#process = { pid: bootstrap.pid, identity };
    }
    this.#save();
    bootstrap.exited.then(() => this.#finish("exited", 0));
  }

  /** On the path that the bootstrap knows; the socket there is a dead engine's. */
  async #listen(): Promise<void> {
    await rm(this.#apiSocket, { force: true });
    await this.#api.listen(this.#apiSocket);
  }

  #awaitReady(): void {
    const { clock, initTimeoutMs } = this.host;
    this.#initTimer = clock.setTimeout(() => this.#finish("init-timeout", 0), initTimeoutMs);
  }

  #unable(error: unknown): void {
    const { log } = this.host;
    log.error({ environment: this.id, error: String(error) }, "environment cannot be started");
    this.#initFailed(null);
  }

  #initFailed(outcome: InvocationOutcome | null): void {
    this.#initError = outcome;
    this.#finish("init-failed", 0);
  }

  #begin(invocation: Invocation, times: InvocationTimes): UnderWay {
    const expired = () => void this.#finish("timeout", 0);
    this.#current = new UnderWay(this.host.clock, invocation, times, expired);
    return this.#current;
  }

  #save(): void {
    if (this.ending || this.#process === null) return;
    const { id, blueprint, functionName, tenantId, owner, host } = this;
    const current = this.#current?.record ?? null;
    const [process, billedMs] = [this.#process, this.#billedMs];
    const record = { id, blueprint, functionName, tenantId, owner, process, billedMs, current };
    writeEnvironmentRecord(host.environmentsDirectory, record, host.log);
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

  /** Asks, though it is busy: the engine that died had not got as far as handing it over. */
  #missed(): void {
    if (this.ending || this.#current === null) return;
    if (this.#current.invocation.payload !== null) {
      this.#current.deliver(this.#api);
      return;
    }
    this.#settle({ result: "cancelled" });
    this.#save();
    this.#ready();
  }

  #finished(outcome: InvocationOutcome): void {
    // At the deadline the tree is being killed: what it still says comes too late.
    if (this.ending) return;
    this.#settle(outcome);
    // Before the bootstrap hears that we have it.
    this.#save();
    this.events.responded(this);
  }

  #settle(outcome: InvocationOutcome, status?: string): void {
    if (this.#current === null) return;
    const { invocation, runningMs } = this.#current;
    this.#current.stop();
    this.#current = null;
    this.#billedMs += this.host.ledger.finish(invocation, runningMs, status);
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
    this.#current?.stop();
    await this.#begun;
    if (graceMs > 0) await this.#root?.stop(this.#tree, clock, graceMs);
    await this.#tree.kill();
    await this.#root?.exited;
    await this.#api.close();
    await rm(this.#apiSocket, { force: true });
    await rm(this.#temporaryDirectory, { recursive: true, force: true });
    const ended = this.#ended(reason);
    this.state = "ended";
    // The record goes last, and in one turn with the report: it is made once, or again.
    this.events.ended(this, ended);
    const outcome = this.#current && cutOff(this.#current.invocation, reason, this.#exit());
    if (outcome !== null) this.#settle(outcome, reason === "timeout" ? "timeout" : "error");
    removeEnvironmentRecord(environmentsDirectory, this.id);
  }

  #ended(reason: EndReason): EnvironmentEnded {
    return {
      id: this.id,
      functionName: this.functionName,
      tenantId: this.tenantId,
      pid: this.pid,
      reason,
      exitCode: this.#root?.exit?.code ?? null,
      signal: this.#root?.exit?.signal ?? null,
    };
  }

  #exit(): string {
    return this.#root?.describe() ?? "not started";
  }
}
