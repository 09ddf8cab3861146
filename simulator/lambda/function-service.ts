import { randomUUID } from "node:crypto";
import type { Clock } from "../../platform/ports/clock.js";
import type { CodeStore } from "./code-store.js";
import type { Dispatcher } from "./dispatcher.js";
import { notFound } from "./function-name.js";
import type { FunctionRecord } from "./function-record.js";
import type {
  CreateRequest,
  UpdateCodeRequest,
  UpdateConfigurationRequest,
} from "./function-requests.js";
import type { FunctionStore } from "./function-store.js";
import { LambdaError } from "./lambda-error.js";
import type { Settling } from "./settling.js";

const timeoutSecondsDefault = 3;
const memoryMbDefault = 128;
const ephemeralStorageMbDefault = 512;

/** The life of functions: what is stored of them, their code, and who handles their events. */
export class FunctionService {
  readonly #deleting = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly store: FunctionStore,
    private readonly code: CodeStore,
    private readonly dispatcher: Dispatcher,
    private readonly arnOf: (functionName: string) => string,
    readonly settling: Settling,
  ) {}

  get(name: string): FunctionRecord {
    const record = this.store.get(name);
    if (record !== null) return record;
    throw notFound(this.arnOf(name));
  }

  list(): readonly FunctionRecord[] {
    return this.store.list();
  }

  async create(name: string, request: CreateRequest): Promise<FunctionRecord> {
    this.#refuseTaken(name);
    return this.code.store(request.Code, (code) => {
      this.#refuseTaken(name);
      this.settling.begin(name, "Pending");
      return this.#save({
        name,
        description: request.Description ?? "",
        role: request.Role,
        runtime: request.Runtime,
        architecture: request.Architectures?.[0] ?? "x86_64",
        handler: request.Handler,
        timeoutSeconds: request.Timeout ?? timeoutSecondsDefault,
        memoryMb: request.MemorySize ?? memoryMbDefault,
        variables: request.Environment?.Variables ?? {},
        tags: request.Tags ?? {},
        perTenant: request.TenancyConfig !== undefined,
        ephemeralStorageMb: request.EphemeralStorage?.Size ?? ephemeralStorageMbDefault,
        tracingMode: request.TracingConfig?.Mode ?? "PassThrough",
        logGroup: request.LoggingConfig?.LogGroup ?? null,
        reservedConcurrency: null,
        recursiveLoop: "Terminate",
        codeKey: code.key,
        codeBytes: code.bytes,
        eventInvoke: null,
      });
    });
  }

  /** A dry run resolves with the function as it would be. */
  async updateCode(name: string, request: UpdateCodeRequest): Promise<FunctionRecord> {
    this.#refuseStale(name, request.RevisionId);
    const record = await this.code.store(request.ZipFile, (code) => {
      const current = this.#refuseStale(name, request.RevisionId);
      const architecture = request.Architectures?.[0] ?? current.architecture;
      const changed = { ...current, architecture, codeKey: code.key, codeBytes: code.bytes };
      if (request.DryRun === true) return changed;
      this.settling.begin(name, "InProgress");
      return this.#save(changed);
    });
    await this.#collect();
    return record;
  }

  updateConfiguration(name: string, request: UpdateConfigurationRequest): FunctionRecord {
    const current = this.#refuseStale(name, request.RevisionId);
    const { Environment, LoggingConfig } = request;
    this.settling.begin(name, "InProgress");
    return this.#save({
      ...current,
      description: request.Description ?? current.description,
      handler: request.Handler ?? current.handler,
      memoryMb: request.MemorySize ?? current.memoryMb,
      role: request.Role ?? current.role,
      runtime: request.Runtime ?? current.runtime,
      timeoutSeconds: request.Timeout ?? current.timeoutSeconds,
      ephemeralStorageMb: request.EphemeralStorage?.Size ?? current.ephemeralStorageMb,
      tracingMode: request.TracingConfig?.Mode ?? current.tracingMode,
      logGroup: LoggingConfig?.LogGroup ?? current.logGroup,
      // An environment without variables is one, where none at all leaves things as they are.
      variables: Environment === undefined ? current.variables : (Environment.Variables ?? {}),
    });
  }

  /** Changes what is no part of the function's configuration: its revision stays. */
  change(name: string, changes: Partial<Omit<FunctionRecord, "name">>): FunctionRecord {
    return this.#replace({ ...this.get(name), ...changes });
  }

  /** Resolves when nothing of the function runs any more. */
  async delete(name: string): Promise<void> {
    this.get(name);
    this.store.delete(name);
    this.settling.forget(name);
    this.#deleting.add(name);
    try {
      await this.dispatcher.unbind(name);
    } finally {
      this.#deleting.delete(name);
    }
    await this.#collect();
  }

  #collect(): Promise<void> {
    return this.code.collect(
      () =>
        new Set([
          ...this.store.list().map(({ codeKey }) => codeKey),
          ...this.dispatcher.codeKeys(),
        ]),
    );
  }

  /** Keeps a change of the function itself: it gets a new revision. */
  #save(record: Omit<FunctionRecord, "lastModified" | "revisionId">): FunctionRecord {
    const lastModified = new Date(this.clock.nowMs()).toISOString().replace("Z", "+0000");
    return this.#replace({ ...record, lastModified, revisionId: randomUUID() });
  }

  #replace(record: FunctionRecord): FunctionRecord {
    this.store.put(record);
    this.dispatcher.bind(record);
    return record;
  }

  #refuseTaken(name: string): void {
    if (this.store.get(name) !== null) {
      throw new LambdaError("ResourceConflictException", `Function already exist: ${name}`);
    }
    if (this.#deleting.has(name)) {
      const message = `The function is being deleted: ${name}`;
      throw new LambdaError("ResourceConflictException", message);
    }
  }

  #refuseStale(name: string, revisionId: string | undefined): FunctionRecord {
    const record = this.get(name);
    this.settling.refuseUnsettled(name);
    if (revisionId === undefined || revisionId === record.revisionId) return record;
    throw new LambdaError(
      "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the " +
        "GetFunction/GetAlias API to retrieve the latest Revision Id",
    );
  }
}
