import { chmod, mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ImError } from "../../platform/errors/im-error.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { type Addon, loadAddon } from "../../shim/index.js";
import { CodeStore } from "./code-store.js";
import { createControlApi } from "./control-api.js";
import { Dispatcher, type EnvironmentStatus } from "./dispatcher.js";
import { EndReports } from "./end-reports.js";
import type { EnvironmentEnded, EnvironmentHost } from "./environment-contract.js";
import { EventFiles } from "./event-files.js";
import { FunctionService } from "./function-service.js";
import { FunctionStore } from "./function-store.js";
import { InvocationLedger } from "./invocation-ledger.js";
import { createInvokeRoute } from "./invoke-route.js";
import { readLeftovers } from "./leftovers.js";
import { LogFile } from "./log-file.js";
import { ProcessTable } from "./process-table.js";

export type { EnvironmentStatus } from "./dispatcher.js";
export type { EndReason, EnvironmentEnded, EnvironmentState } from "./environment-contract.js";
export { spareTag } from "./function-record.js";

export interface LambdaEngineOptions {
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
  /** Spares that each shared blueprint keeps ready. Default 1. */
  readonly sparesMax?: number;
  /** Default 600,000. */
  readonly idleMs?: number;
  /** AWS's limit, and the default, is 900. */
  readonly timeoutSecondsMax?: number;
  /** Default 10,000, AWS's 10 s. */
  readonly initTimeoutMs?: number;
  /** Between SIGTERM and SIGKILL. Default 2,000. */
  readonly graceMs?: number;
  /** Environments that live at once, at most. Default 10,000. */
  readonly environmentsMax?: number;
  /** Pauses before repetitions of a failed event. Default one and two minutes, as AWS. */
  readonly retryDelaysMs?: readonly number[];
}

export interface LambdaEngine {
  environments(): readonly EnvironmentStatus[];
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
  /** Ends every environment, adopted ones too, and drops every event; functions and logs stay. */
  close(): Promise<void>;
}

const region = "us-east-1";
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
  const places = await makePlaces(options.directory);
  const reports = new EndReports();
  const code = new CodeStore(places.code);
  const store = new FunctionStore(places.functions, options.log);
  const ledger = new InvocationLedger(
    places.logs,
    new LogFile(join(options.directory, "engine.log")),
  );
  const host = createHost(options, places.environments, ledger, code);
  const left = await readLeftovers(host);
  const inUse = new Set(store.list().map(({ codeKey }) => codeKey));
  for (const { blueprint } of left) inUse.add(blueprint.codeKey);
  await code.collect(() => inUse);
  const events = new EventFiles(places.queue, options.log);
  const dispatcher = createDispatcher(options, host, events, (ended) => reports.report(ended));
  dispatcher.restore(store.list(), left);
  const service = new FunctionService(options.clock, store, code, dispatcher, arnOf);
  const api = createControlApi({
    service,
    invoke: createInvokeRoute(service, dispatcher),
    shapes: { arnOf, codePath: (key) => code.path(key) },
    timeoutSecondsMax: options.timeoutSecondsMax ?? 900,
    log: options.log,
  });
  await rm(options.socketPath, { force: true });
  await api.listen({ path: options.socketPath });
  await chmod(options.socketPath, 0o600);
  return {
    environments: () => dispatcher.environments(),
    billedMs: (functionName, tenantId) => dispatcher.billedMs(functionName, tenantId),
    on: (_event, listener) => reports.add(listener),
    off: (_event, listener) => reports.remove(listener),
    close: once(async () => {
      await dispatcher.close();
      await api.close();
      await rm(options.socketPath, { force: true });
      ledger.close();
    }),
  };
}

function arnOf(functionName: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${functionName}`;
}

function createHost(
  options: LambdaEngineOptions,
  environmentsDirectory: string,
  ledger: InvocationLedger,
  code: CodeStore,
): EnvironmentHost {
  const { PATH, HOME, LANG } = options.hostEnvironment;
  const variables = Object.entries({ PATH, HOME, LANG });
  return {
    clock: options.clock,
    log: options.log,
    addon: loadAddonIfBuilt(options.log),
    table: new ProcessTable(),
    ledger,
    region,
    runtimeDirectory: options.runtimeDirectory,
    environmentsDirectory,
    initTimeoutMs: options.initTimeoutMs ?? 10_000,
    graceMs: options.graceMs ?? 2_000,
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
  ended: (which: EnvironmentEnded) => void,
): Dispatcher {
  const settings = {
    sparesMax: options.sparesMax ?? 1,
    idleMs: options.idleMs ?? 600_000,
    initialisingMax: Math.max(4, 2 * availableParallelism()),
    environmentsMax: options.environmentsMax ?? 10_000,
    events,
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
