import { randomBytes } from "node:crypto";
import type {
  EndReason,
  EnvironmentEnded,
  EnvironmentEvents,
  EnvironmentHost,
  EnvironmentState,
} from "./environment-contract.js";
import { EnvironmentFiles } from "./environment-files.js";
import { PhaseOf, shownState } from "./environment-phases.js";
import { EnvironmentProcesses } from "./environment-processes.js";
import type { EnvironmentRecord } from "./environment-record.js";
import { EnvironmentWork } from "./environment-work.js";
import type { Blueprint } from "./function-record.js";
import { errorOutcome, type Invocation, type InvocationOutcome, ownerOf } from "./invocation.js";
import type { Inheritance } from "./kept-directories.js";
import { RuntimeApi } from "./runtime-api.js";

/** AWS's, for a runtime beside internal extensions; external ones would get 2,000. */
const extensionGraceMs = 500;

/** null: nobody's yet. */
type Belonging = Pick<EnvironmentRecord, "functionName" | "tenantId" | "owner">;

/**
 * One execution environment: a process tree below the function's bootstrap, which belongs to one
 * function and tenant from its first event to its end. Its phases: `environment-phases.ts`.
 */
export class Environment {
  functionName: string | null;
  tenantId: string | null = null;
  /** Names function and tenant once it has had an event; null: anybody may have it. */
  owner: string | null = null;
  /** Ends after the invocation that it is busy with. */
  retiring = false;
  /** Of one that was reset: what its successor gets. */
  bequest: Inheritance | null = null;
  #initError: InvocationOutcome | null = null;
  #ending: Promise<void> | null = null;
  #begun: Promise<void> = Promise.resolve();
  readonly #expired = () => void this.#finish("timeout", 0);
  readonly #phase: PhaseOf;
  readonly #api: RuntimeApi;
  readonly #files: EnvironmentFiles;
  readonly #processes: EnvironmentProcesses;
  readonly #work: EnvironmentWork;

  constructor(
    readonly blueprint: Blueprint,
    private readonly host: EnvironmentHost,
    private readonly events: EnvironmentEvents,
    readonly id: string = randomBytes(8).toString("hex"),
  ) {
    this.functionName = blueprint.identity?.functionName ?? null;
    this.#phase = new PhaseOf((phase, event) =>
      host.log.error({ environment: id, phase, event }, "environment refuses an event"),
    );
    this.#processes = new EnvironmentProcesses(id, host, {
      due: () => this.#phase.now === "idle" && this.#phase.move("freeze"),
      frozen: (tookMs) => this.#frozen(tookMs),
      failed: (error) => host.log.warn({ environment: id, error: String(error) }, "not frozen"),
    });
    this.#work = new EnvironmentWork(host, () => this.#processes.peakMemoryMb);
    this.#files = new EnvironmentFiles(id, host);
    this.#api = new RuntimeApi(
      {
        ready: () => this.#ready(),
        away: () => this.#away(),
        missed: () => this.#missed(),
        finished: (outcome) => this.#finished(outcome),
        initFailed: (outcome) => this.#initFailed(outcome),
      },
      { functionName: this.functionName, handler: blueprint.handler },
    );
  }

  get state(): EnvironmentState {
    return shownState(this.#phase.now, this.#work.current !== null);
  }

  get frozen(): boolean {
    return this.#phase.now === "frozen";
  }

  get pid(): number | null {
    return this.#processes.pid;
  }

  /** Of finished invocations and of the one under way. */
  get billedMs(): number {
    return this.#work.finishedMs + this.runningMs;
  }

  get runningMs(): number {
    return this.#work.runningMs;
  }

  /** Why the runtime did not get as far as asking for its first event. */
  get initOutcome(): InvocationOutcome {
    if (this.#initError !== null) return this.#initError;
    const type = this.#processes.failed ? "Runtime.InvalidEntrypoint" : "Runtime.ExitError";
    return errorOutcome(type, `Runtime failed to initialise: ${this.#processes.describe()}`);
  }

  /** What fails from here on is reported by `ended`; an heir has its owner from the start. */
  start(inheritance: Inheritance | null): void {
    if (inheritance !== null) this.#belongTo(inheritance);
    this.#work.initBegins(this.host.initTimeoutMs, () => this.#finish("init-timeout", 0));
    this.#begun = this.#start(inheritance).catch((error) => this.#unable(error));
  }

  /** What an earlier engine left: `ready` when the bootstrap asks again; ends if that is gone. */
  adopt(record: EnvironmentRecord, invocation: Invocation | null): void {
    this.#belongTo(record);
    this.#work.finishedMs = record.billedMs;
    this.#files.adopt(record.outputBytes);
    this.#api.adopt(record.current?.requestId ?? null, record.owner !== null);
    if (record.current !== null && invocation !== null) {
      this.#phase.move("adopted");
      this.#work.resume(invocation, record.current, this.#expired);
    } else {
      this.#work.awaitReady(this.host.initTimeoutMs, () => this.events.late(this));
    }
    this.#begun = this.#takeOver().catch((error) => this.#unable(error));
    this.#processes.adopt(record.process, () => void this.#finish("exited", 0));
  }

  /** Gives the idle environment an event; the first one decides to whom it belongs. */
  run(invocation: Invocation): void {
    const { clock, ledger } = this.host;
    const wasFrozen = this.frozen;
    if (!this.#phase.move("run")) throw new Error("the environment is not idle");
    // First, so that the runtime wakes while we write things down.
    this.#thaw(wasFrozen);
    const { record, tenantId } = invocation;
    this.#belongTo({ functionName: record.name, tenantId, owner: ownerOf(invocation) });
    ledger.start(invocation, this.#files.output);
    const startedAtMs = clock.nowMs();
    const deadlineAtMs = startedAtMs + record.timeoutSeconds * 1000;
    const times = { startedAtMs, deadlineAtMs };
    const underWay = this.#work.begin(invocation, times, this.#expired);
    // First: an engine that dies in between finds that the bootstrap never got it.
    this.#save();
    underWay.deliver(this.#api);
  }

  /** An event is about to come: its processes need not wait for that. */
  hasten(): void {
    if (this.frozen && this.#phase.move("thaw")) this.#thaw(true);
  }

  /** The end of the whole tree; resolves once nothing of it is left. */
  end(reason: EndReason): Promise<void> {
    const asAws = this.#api.hasExtensions ? extensionGraceMs : 0;
    return this.#finish(reason, this.host.graceMs ?? asAws);
  }

  #belongTo({ functionName, tenantId, owner }: Belonging): void {
    this.functionName = functionName;
    this.tenantId = tenantId;
    this.owner = owner;
  }

  async #start(inheritance: Inheritance | null): Promise<void> {
    const { blueprint, host } = this;
    await this.#files.make(inheritance);
    await this.#api.listen(this.#files.apiSocket);
    if (this.#ending !== null) return;
    const { region, baseVariables } = host;
    const root = host.codePath(blueprint.codeKey);
    const place = { ...this.#files.forProcesses, root, region, baseVariables };
    this.#processes.start(blueprint, place, () => void this.#finish("exited", 0));
    this.#save();
  }

  /** On the path that the bootstrap knows; the socket there is a dead engine's. */
  async #takeOver(): Promise<void> {
    await this.#files.removeSocket();
    await this.#api.listen(this.#files.apiSocket);
    await this.#processes.wakeAdopted();
  }

  #unable(error: unknown): void {
    const reason = { environment: this.id, error: String(error) };
    this.host.log.error(reason, "environment cannot be started");
    this.#initFailed(null);
  }

  #initFailed(outcome: InvocationOutcome | null): void {
    this.#initError = outcome;
    this.#finish("init-failed", 0);
  }

  #save(): void {
    if (this.#ending !== null || this.#processes.recorded === null) return;
    const { id, blueprint, functionName, tenantId, owner } = this;
    this.#files.write({
      ...{ id, blueprint, functionName, tenantId, owner },
      process: this.#processes.recorded,
      billedMs: this.#work.finishedMs,
      outputBytes: this.#files.output.taken,
      current: this.#work.record,
    });
  }

  #ready(): void {
    if (!this.#phase.move("ready")) return;
    this.#work.initEnds();
    this.events.ready(this);
    if (this.#phase.now === "idle") this.#processes.suspension.freezeSoon();
  }

  #away(): void {
    const wasFrozen = this.frozen;
    if (!this.#phase.move("away")) return;
    this.#thaw(wasFrozen);
    this.events.away(this);
  }

  /** Asks, though it is busy: the engine that died had not got as far as handing it over. */
  #missed(): void {
    const { current } = this.#work;
    if (this.#ending !== null || current === null) return;
    if (current.invocation.payload !== null) {
      current.deliver(this.#api);
      return;
    }
    this.#work.settle({ result: "cancelled" }, this.#files.output);
    this.#save();
    this.#ready();
  }

  #finished(outcome: InvocationOutcome): void {
    // At the deadline the tree is being killed: what it still says comes too late.
    if (!this.#phase.move("responded")) return;
    this.#processes.measure();
    this.#work.settle(outcome, this.#files.output);
    // Before the bootstrap hears that we have it.
    this.#save();
    this.events.responded(this);
  }

  #frozen(tookMs: number): void {
    if (!this.#phase.move("frozen")) return;
    this.#files.output.trim();
    this.#report(tookMs);
  }

  #thaw(wasFrozen: boolean): void {
    this.#processes.suspension.thaw();
    if (wasFrozen) this.#report(null);
  }

  #report(tookMs: number | null): void {
    const { id, functionName, tenantId } = this;
    this.host.freezeChanged({ id, functionName, tenantId, frozen: tookMs !== null, tookMs });
  }

  #finish(reason: EndReason, graceMs: number): Promise<void> {
    if (this.#ending === null) {
      this.#phase.move("end");
      this.#ending = this.#terminate(reason, graceMs);
      // From here on it takes no event, also where it ends by itself.
      this.events.away(this);
    }
    return this.#ending;
  }

  async #terminate(reason: EndReason, graceMs: number): Promise<void> {
    this.#work.stopTimers();
    this.#processes.measure();
    await this.#begun;
    await this.#processes.end(graceMs);
    await this.#api.close();
    await this.#files.removeSocket();
    await this.#conclude(reason);
  }

  async #conclude(reason: EndReason): Promise<void> {
    const { functionName, tenantId, owner } = this;
    const isReset = reason === "timeout" || reason === "exited";
    if (isReset && functionName !== null && owner !== null && this.events.keepsTemporary(this)) {
      this.bequest = { functionName, tenantId, owner, directory: this.#files.directory };
    } else await this.#files.removeTemporary();
    this.#phase.move("ended");
    // The record goes last, and in one turn with the report: it is made once, or again.
    this.events.ended(this, this.#ended(reason));
    this.#work.cutOff(reason, this.#processes.describe(), this.#files.output);
    this.host.ledger.copy(functionName ?? this.blueprint.logName, this.#files.output);
    await (this.bequest === null ? this.#files.remove() : this.#files.removeRecord());
  }

  #ended(reason: EndReason): EnvironmentEnded {
    const { id, functionName, tenantId, pid } = this;
    const { code: exitCode = null, signal = null } = this.#processes.exit ?? {};
    const { payload } = this.#work;
    return { id, functionName, tenantId, pid, reason, payload, exitCode, signal };
  }
}
