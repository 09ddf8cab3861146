import { EventEmitter } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ImError } from "../../platform/errors/im-error.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { type Addon, loadAddon } from "../../shim/index.js";
import { chooseFreezer } from "./choose-freezer.js";
import { CodeStore } from "./code-store.js";
import { Dispatcher, type EnvironmentStatus } from "./dispatcher.js";
import { EndReports } from "./end-reports.js";
import type { EnvironmentEnded, EnvironmentHost, FreezeChange } from "./environment-contract.js";
import { type AsyncEvent, EventFiles } from "./event-files.js";
import type { ExecutionOptions } from "./execution-options.js";
import type { Freezer, FreezerKind } from "./freezer.js";
import { FunctionNames } from "./function-name.js";
import { FunctionService } from "./function-service.js";
import { FunctionStore } from "./function-store.js";
import { InvocationLedger } from "./invocation-ledger.js";
import { createInvokeRoute } from "./invoke-route.js";
import { readLeftovers } from "./leftovers.js";
import { listen, type TcpOptions } from "./listening.js";
import { LogFile } from "./log-file.js";
import { ProcessTable } from "./process-table.js";
import { Settling } from "./settling.js";

export { freezerKind } from "./choose-freezer.js";
export type { EnvironmentStatus } from "./dispatcher.js";
export type {
  EndReason,
  EnvironmentEnded,
  EnvironmentState,
  FreezeChange,
} from "./environment-contract.js";
export type { FreezerKind } from "./freezer.js";
export { spareTag } from "./function-record.js";

export interface LambdaEngineOptions extends ExecutionOptions {
  /** State: functions, code, logs, and a directory for each environment. */
  readonly directory: string;
  /** Sockets, so its path must be short; private to this user. Must exist. */
  readonly runtimeDirectory: string;
  /** Of the control API. */
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** PATH, HOME and LANG of it, and nothing else, reach the functions. */
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  /** AWS's limit, and the default, is 900. */
  readonly timeoutSecondsMax?: number;
  /** How long a function that was created or changed is not settled, as on AWS. Default 0. */
  readonly settleMs?: number;
  /** Asked of an environment that has been idle for `idleMs`: true keeps it for as long again. */
  readonly keeps?: (environment: EnvironmentStatus) => boolean;
  /** Default us-east-1. */
  readonly region?: string;
  /** The control API also on TCP, for signed requests only. Default: it is not. */
  readonly tcp?: TcpOptions;
}

export interface LambdaEngine {
  /** URL of the control API on TCP; null: it is on its Unix socket only. */
  readonly endpoint: string | null;
  environments(): readonly EnvironmentStatus[];
  /** Accepted and not settled: what waits for an environment, and what one has in hand. */
  events(): readonly AsyncEvent[];
  /**
   * What all invocations of a tenant cost, the running ones included: since the engine started,
   * and, of environments that it adopted, before.
   */
  billedMs(functionName: string, tenantId: string | null): number;
  /**
   * Proof that nothing of an environment runs. Endings from before the first listener, those of
   * environments that were found dead at the start above all, are reported to that one.
   */
  on(event: "environmentEnded", listener: (ended: EnvironmentEnded) => void): void;
  off(event: "environmentEnded", listener: (ended: EnvironmentEnded) => void): void;
  /**
   * The tenant is about to be invoked: its frozen environment runs on already, so that its
   * processes need not wait for the event. AWS has nothing like it.
   */
  hasten(functionName: string, tenantId: string): void;
  /** What idle environments are frozen with, and why not with the better way (null: it is). */
  readonly freezer: { readonly kind: FreezerKind; readonly reason: string | null };
  /** Calls back at each freeze and thaw of an environment, until what it returns is called. */
  onFreezeChange(listener: (change: FreezeChange) => void): () => void;
  /** Ends every environment, adopted ones too, and drops every event; functions and logs stay. */
  close(): Promise<void>;
}

const environmentsMaxDefault = 10_000;
const concurrencyMaxDefault = 10_000;
const regionDefault = "us-east-1";
const account = "000000000000";
/** What a Unix socket's address holds, without the terminating NUL. */
const socketPathBytesMax = 107;
const environmentSocketBytes = "/0123456789abcdef.sock".length;

/**
 * Lambda on this machine: its REST API on one Unix socket, the Runtime API on one a bootstrap.
 * Environments outlive an engine that is killed, and the events that it accepted do so too: the
 * next engine of the same directory adopts both.
 */
export async function startLambdaEngine(options: LambdaEngineOptions): Promise<LambdaEngine> {
  refuseLongPaths(options);
  const { region = regionDefault, clock, log } = options;
  const places = await makePlaces(options.directory);
  const names = new FunctionNames(region, account);
  const arnOf = (name: string) => names.arnOf(name);
  const reports = new EndReports();
  const code = new CodeStore(places.code);
  const store = new FunctionStore(places.functions, options.log);
  const engineLog = new LogFile(join(options.directory, "engine.log"));
  const ledger = new InvocationLedger(places.logs, engineLog);
  const freezeChanges = new EventEmitter<{ change: [FreezeChange] }>();
  const { freezer, closeFreezer } = openFreezer(options);
  const host = createHost(options, places.environments, ledger, code, freezer, (change) =>
    freezeChanges.emit("change", change),
  );
  const left = await readLeftovers(host);
  await collectCode(code, [...store.list(), ...left.map(({ blueprint }) => blueprint)]);
  const events = new EventFiles(places.queue, log);
  const ended = (which: EnvironmentEnded) => reports.report(which);
  const dispatcher = createDispatcher(options, host, events, arnOf, ended);
  dispatcher.restore(store.list(), left);
  const settling = new Settling(options.clock, options.settleMs ?? 0, arnOf);
  const service = new FunctionService(options.clock, store, code, dispatcher, arnOf, settling);
  const control = {
    ...{ service, names, region },
    invoke: createInvokeRoute(service, dispatcher),
    codePath: (key: string) => code.path(key),
    timeoutSecondsMax: options.timeoutSecondsMax ?? 900,
    concurrencyMax: options.concurrencyMax ?? concurrencyMaxDefault,
    ...{ clock, log },
  };
  const listening = await listen(control, options.socketPath, options.tcp).catch(async (error) => {
    await dispatcher.close();
    await closeFreezer();
    ledger.close();
    throw error;
  });
  return {
    endpoint: listening.endpoint,
    environments: () => dispatcher.environments(),
    events: () => events.list(),
    billedMs: (functionName, tenantId) => dispatcher.billedMs(functionName, tenantId),
    hasten: (functionName, tenantId) => dispatcher.hasten(functionName, tenantId),
    on: (_event, listener) => reports.add(listener),
    off: (_event, listener) => reports.remove(listener),
    freezer: { kind: freezer.kind, reason: freezer.reason },
    onFreezeChange: (listener) => {
      freezeChanges.on("change", listener);
      return () => freezeChanges.off("change", listener);
    },
    close: once(async () => {
      await dispatcher.close();
      await listening.close();
      await closeFreezer();
      ledger.close();
    }),
  };
}

/** What no function and no environment has any more is removed. */
function collectCode(code: CodeStore, users: readonly { readonly codeKey: string }[]) {
  const inUse = new Set(users.map(({ codeKey }) => codeKey));
  return code.collect(() => inUse);
}

function openFreezer(options: LambdaEngineOptions) {
  const { directory, runtimeDirectory, clock, log, freezer: wanted = "auto" } = options;
  const stateFile = join(directory, "cgroup");
  const freezer = chooseFreezer({ wanted, runtimeDirectory, stateFile, clock, log });
  return {
    freezer,
    async closeFreezer() {
      await freezer.close();
      await rm(stateFile, { force: true });
    },
  };
}

function createHost(
  options: LambdaEngineOptions,
  environmentsDirectory: string,
  ledger: InvocationLedger,
  code: CodeStore,
  freezer: Freezer,
  freezeChanged: (change: FreezeChange) => void,
): EnvironmentHost {
  const { PATH, HOME, LANG } = options.hostEnvironment;
  const variables = Object.entries({ PATH, HOME, LANG });
  return {
    clock: options.clock,
    log: options.log,
    addon: loadAddonIfBuilt(options.log),
    table: new ProcessTable(),
    ledger,
    region: options.region ?? regionDefault,
    runtimeDirectory: options.runtimeDirectory,
    environmentsDirectory,
    initTimeoutMs: options.initTimeoutMs ?? 10_000,
    graceMs: options.graceMs ?? null,
    freezer,
    freezeChanged,
    baseVariables: Object.fromEntries(
      variables.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    codePath: (key) => code.path(key),
  };
}

function createDispatcher(
  options: LambdaEngineOptions,
  host: EnvironmentHost,
  events: EventFiles,
  arnOf: (functionName: string) => string,
  ended: (which: EnvironmentEnded) => void,
): Dispatcher {
  const settings = {
    sparesMax: options.sparesMax ?? 1,
    idleMs: options.idleMs ?? 600_000,
    keeps: options.keeps ?? (() => false),
    initialisingMax: Math.max(4, 2 * availableParallelism()),
    environmentsMax: options.environmentsMax ?? environmentsMaxDefault,
    events,
    concurrencyMax: options.concurrencyMax ?? concurrencyMaxDefault,
    faults: options.faults ?? {},
    retryDelaysMs: options.retryDelaysMs ?? [60_000, 120_000],
    ended,
  };
  return new Dispatcher(host, settings, arnOf);
}

async function makePlaces(directory: string) {
  const places = {
    functions: join(directory, "functions"),
    code: join(directory, "code"),
    logs: join(directory, "logs"),
    environments: join(directory, "environments"),
    queue: join(directory, "queue"),
  };
  for (const place of Object.values(places)) await mkdir(place, { recursive: true, mode: 0o700 });
  return places;
}

/** null: the engine needs it only to see the end of what it adopts at once. */
function loadAddonIfBuilt(log: Log): Addon | null {
  try {
    return loadAddon();
  } catch (error) {
    log.warn({ error: String(error) }, "without the addon the end of processes is polled for");
    return null;
  }
}

function refuseLongPaths({ runtimeDirectory, socketPath }: LambdaEngineOptions): void {
  const longest = Math.max(
    Buffer.byteLength(runtimeDirectory) + environmentSocketBytes,
    Buffer.byteLength(socketPath),
  );
  if (longest <= socketPathBytesMax) return;
  throw new ImError("IM_USAGE", {
    what: "the runtime directory's path is too long for sockets in it",
    expected: `at most ${socketPathBytesMax} bytes`,
    received: `${longest} bytes`,
    fix: "set XDG_RUNTIME_DIR or TMPDIR to a shorter path",
  });
}

function once<T>(operation: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= operation();
    return result;
  };
}
