/** The one place where the daemon's adapters are put together. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAddon } from "../../shim/index.js";
import { startDynamoDb } from "../../simulator/dynamodb/start-dynamodb.js";
import { startLambdaEngine } from "../../simulator/lambda/engine.js";
import { createLambdaClient } from "../cloud/lambda-client-adapter.js";
import { LambdaCloudAdapter } from "../cloud/lambda-cloud-adapter.js";
import { packLocalFunction } from "../cloud/local-package.js";
import { createDynamoDbClient } from "../membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../membership/dynamodb-membership-adapter.js";
import { ensureMembershipTable } from "../membership/dynamodb-table.js";
import { SystemHolders } from "../network/holders-adapter.js";
import { SystemSockets } from "../network/sockets-adapter.js";
import type { Log } from "../ports/log.js";
import { type Configuration, withoutGuestVariables } from "./configuration.js";
import { localTimeoutSeconds } from "./declared-hosts.js";
import { Deployments } from "./deployments.js";
import type { Node, NodeCustody } from "./node.js";
import { SystemProcesses } from "./processes-adapter.js";
import type { DaemonService } from "./service.js";
import { systemClock } from "./system-clock-adapter.js";
import { systemRandom } from "./system-random-adapter.js";
import { reachStep } from "./test-kill-adapter.js";

/** A host that ended may come back soon; after that its environment is memory for nobody. */
const environmentIdleMs = 30_000;
const tableName = "imaginary-machines";

export async function createService(
  configuration: Configuration,
  log: Log,
  custody: NodeCustody,
): Promise<DaemonService> {
  const addon = loadAddon();
  const [store, engine] = await Promise.all([
    startStore(configuration, log),
    startEngine(configuration, log),
  ]);
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
    sockets: new SystemSockets(addon, custody),
    membership: store.membership,
    cloud: engine.cloud,
    billedMs: engine.billedMs,
    environments: engine.environments,
    reached: reachStep,
  };
  const deployments = new Deployments(node, async () => {
    processes.close();
    await engine.close();
    await store.close();
    // Nothing is deployed any more: no claim of ours is left that a later daemon could find.
    rmSync(nodeIdFile(configuration), { force: true });
  });
  await deployments.restore();
  processes.accept(deployments);
  engine.onEnded(({ functionName, tenantId, pid }) => {
    if (functionName === null || tenantId === null || pid === null) return;
    deployments.environmentEnded(functionName, tenantId, pid);
  });
  deployments.reconcile();
  return deployments;
}

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

async function startStore(configuration: Configuration, log: Log) {
  const socketPath = join(configuration.runtimeDirectory, "dynamodb.sock");
  const ports = { clock: systemClock, random: systemRandom };
  const database = await startDynamoDb({
    ...ports,
    directory: join(configuration.home, "dynamodb"),
    socketPath,
    log: log.child({ part: "dynamodb" }),
  });
  const client = createDynamoDbClient({ socketPath });
  await ensureMembershipTable({ ...ports, client, tableName });
  return {
    membership: new DynamoDbMembership({ ...ports, client, tableName }),
    async close() {
      client.destroy();
      await database.close();
    },
  };
}

async function startEngine(configuration: Configuration, log: Log) {
  const socketPath = join(configuration.runtimeDirectory, "lambda.sock");
  const engine = await startLambdaEngine({
    directory: join(configuration.home, "lambda"),
    runtimeDirectory: configuration.runtimeDirectory,
    socketPath,
    clock: systemClock,
    log: log.child({ part: "lambda" }),
    hostEnvironment: withoutGuestVariables(),
    timeoutSecondsMax: localTimeoutSeconds,
    idleMs: environmentIdleMs,
  });
  const client = createLambdaClient({ socketPath });
  const main = fileURLToPath(new URL("../../host-runtime/main.js", import.meta.url));
  const code = await packLocalFunction(process.execPath, main);
  return {
    cloud: new LambdaCloudAdapter({ client, code }),
    billedMs: (functionName: string, tenantId: string) => engine.billedMs(functionName, tenantId),
    environments: () =>
      engine
        .environments()
        .flatMap(({ functionName, tenantId, state }) =>
          functionName === null || tenantId === null || state !== "busy"
            ? []
            : [{ functionName, tenantId }],
        ),
    onEnded: (listener: Parameters<typeof engine.on>[1]) => engine.on("environmentEnded", listener),
    async close() {
      client.destroy();
      await engine.close();
    },
  };
}
