/** The one place where the daemon's adapters are put together. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAddon } from "../../shim/index.js";
import { startLambdaEngine } from "../../simulator/lambda/engine.js";
import { createLambdaClient } from "../cloud/lambda-client-adapter.js";
import { LambdaCloudAdapter } from "../cloud/lambda-cloud-adapter.js";
import { packLocalFunction } from "../cloud/local-package.js";
import { Sensing } from "../idle/sensing.js";
import { createDynamoDbClient } from "../membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../membership/dynamodb-membership-adapter.js";
import { ensureMembershipTable } from "../membership/dynamodb-table.js";
import { SystemGuards } from "../network/guards-adapter.js";
import { SystemHolders } from "../network/holders-adapter.js";
import { SystemSensor } from "../network/sensor-adapter.js";
import { SystemSockets } from "../network/sockets-adapter.js";
import type { Log } from "../ports/log.js";
import { claimOf } from "../protocol/environment.js";
import { rehearseBoot } from "../supervisor/rehearsal.js";
import type { Database } from "./compose-start.js";
import { type Configuration, withoutGuestVariables } from "./configuration.js";
import { Deployments } from "./deployments.js";
import type { Node, NodeCustody } from "./node.js";
import { SystemProcesses } from "./processes-adapter.js";
import type { DaemonService } from "./service.js";
import { systemClock } from "./system-clock-adapter.js";
import { systemRandom } from "./system-random-adapter.js";
import { stepKiller } from "./test-kill-adapter.js";

/** A host that ended may come back soon; after that its environment is memory for nobody. */
const environmentIdleMs = 30_000;
/** A guest may want to follow SIGTERM, which AWS itself has little time for. */
const environmentGraceMs = 2_000;
/** By then a deploy that started the daemon is over, most likely. */
const rehearsalDelayMs = 1_500;
const tableName = "imaginary-machines";

export async function createService(
  configuration: Configuration,
  log: Log,
  custody: NodeCustody,
  database: Database,
): Promise<DaemonService> {
  const addon = loadAddon();
  let deployments: Deployments | null = null;
  // An environment without an invocation is kept for as long as its host's life is in it.
  const keeps: Keeps = (functionName, tenantId, environment) =>
    deployments?.needsEnvironment(functionName, tenantId, environment) ?? true;
  const [store, engine] = await Promise.all([
    openStore(database),
    startEngine(configuration, log, keeps),
  ]);
  const sensing = new Sensing(new SystemSensor(addon, systemClock), systemClock, log);
  const processes = new SystemProcesses(addon, log, configuration.nodeSocket);
  const node: Node = {
    id: nodeId(configuration),
    home: configuration.home,
    runtimeDirectory: configuration.runtimeDirectory,
    nodeSocket: configuration.nodeSocket,
    addon,
    custody,
    clock: systemClock,
    random: systemRandom,
    log,
    holders: new SystemHolders(addon),
    guards: new SystemGuards(addon),
    sensing,
    sockets: new SystemSockets(addon, custody),
    membership: store.membership,
    cloud: engine.cloud,
    timeoutSeconds: configuration.timeoutSeconds,
    billedMs: engine.billedMs,
    environments: engine.environments,
    invoked: engine.invoked,
    reached: stepKiller({
      store: store.processes,
      keeper: () => [Number(readFileSync(configuration.keeperFile, "utf8"))],
      runtime: engine.runtimes,
    }),
  };
  const rehearsal = systemClock.setTimeout(() => rehearse(node), rehearsalDelayMs);
  deployments = new Deployments(node, async (isEmpty) => {
    systemClock.clearTimeout(rehearsal);
    processes.close();
    await engine.close();
    await store.close();
    // Nothing is deployed any more: no claim of ours is left that a later daemon could find.
    if (isEmpty) rmSync(nodeIdFile(configuration), { force: true });
  });
  await deployments.restore();
  processes.accept(deployments);
  follow(engine, deployments);
  deployments.reconcile();
  return deployments;
}

function rehearse({ membership, random, log }: Node): void {
  rehearseBoot({ membership, random }).catch((error: unknown) =>
    log.debug({ err: error }, "no rehearsal"),
  );
}

type Keeps = (functionName: string, tenantId: string, environment: string) => boolean;

/** What becomes of environments is told to the hosts that live in them. */
function follow(engine: Engine, deployments: Deployments): void {
  engine.onEnded(({ id, tenantId, pid, payload }) => {
    if (pid === null) return;
    const claim = payload === null ? null : claimOf(payload);
    deployments.environmentEnded(tenantId, pid, { environment: id, claim });
  });
  engine.onFreezeChange(({ functionName, tenantId, frozen }) => {
    if (functionName === null || tenantId === null || !frozen) return;
    deployments.environmentFrozen(functionName, tenantId);
  });
}

type Engine = Awaited<ReturnType<typeof startEngine>>;

/** Claims that an earlier daemon of this home made are recognised by it. */
function nodeId(configuration: Configuration): string {
  const path = nodeIdFile(configuration);
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const id = systemRandom.id();
  writeFileSync(path, `${id}\n`, { mode: 0o600, flush: true });
  return id;
}

function nodeIdFile(configuration: Configuration): string {
  return join(configuration.home, "node-id");
}

async function openStore({ socketPath, server }: Database) {
  const ports = { clock: systemClock, random: systemRandom };
  const client = createDynamoDbClient({ socketPath });
  await ensureMembershipTable({ ...ports, client, tableName });
  return {
    membership: new DynamoDbMembership({ ...ports, client, tableName }),
    processes: () => (server.pid === null ? [] : [server.pid]),
    async close() {
      client.destroy();
      await server.close();
    },
  };
}

async function startEngine(configuration: Configuration, log: Log, keeps: Keeps) {
  const socketPath = join(configuration.runtimeDirectory, "lambda.sock");
  const engine = await startLambdaEngine({
    directory: join(configuration.home, "lambda"),
    runtimeDirectory: configuration.runtimeDirectory,
    socketPath,
    clock: systemClock,
    log: log.child({ part: "lambda" }),
    hostEnvironment: withoutGuestVariables(),
    idleMs: environmentIdleMs,
    keeps: ({ id, functionName, tenantId }) =>
      functionName !== null && tenantId !== null && keeps(functionName, tenantId, id),
    graceMs: environmentGraceMs,
  });
  const client = createLambdaClient({ socketPath });
  const main = fileURLToPath(new URL("../../host-runtime/main.js", import.meta.url));
  const code = await packLocalFunction(process.execPath, main);
  return {
    cloud: new LambdaCloudAdapter({
      ...{ client, code },
      hasten: (functionName, tenantId) => engine.hasten(functionName, tenantId),
    }),
    billedMs: (functionName: string, tenantId: string) => engine.billedMs(functionName, tenantId),
    environments: () =>
      new Map(
        engine.environments().map(({ id, state, pid }) => [id, { invoked: state === "busy", pid }]),
      ),
    invoked: () => new Set(engine.events().map(({ payload }) => claimOf(payload))),
    /** Of the environments that work for the host; while there are none, of the spares. */
    runtimes(host: string) {
      const all = engine.environments();
      const own = all.filter(({ tenantId, state }) => tenantId === host && state === "busy");
      const chosen = own.length > 0 ? own : all.filter(({ tenantId }) => tenantId === null);
      return chosen.flatMap(({ pid }) => pid ?? []);
    },
    onFreezeChange: (listener: Parameters<typeof engine.onFreezeChange>[0]) =>
      engine.onFreezeChange(listener),
    onEnded: (listener: Parameters<typeof engine.on>[1]) => engine.on("environmentEnded", listener),
    async close() {
      client.destroy();
      await engine.close();
    },
  };
}
