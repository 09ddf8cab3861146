/**
 * The first thing that a daemon does, before it loads the rest of itself: the store is a process of
 * its own, and starts meanwhile.
 */
import { join } from "node:path";
import { type EmbeddedDynamoDb, startDynamoDb } from "../../simulator/dynamodb/start-dynamodb.js";
import type { Log } from "../ports/log.js";
import type { Configuration } from "./configuration.js";
import type { NodeCustody } from "./node.js";
import { residentFlags } from "./resident-flags.js";
import type { DaemonService } from "./service.js";
import { systemClock } from "./system-clock-adapter.js";
import { systemRandom } from "./system-random-adapter.js";

export interface Database {
  readonly socketPath: string;
  readonly server: EmbeddedDynamoDb;
}

export async function startService(
  configuration: Configuration,
  log: Log,
  custody: NodeCustody,
): Promise<DaemonService> {
  const [database, { createService }] = await Promise.all([
    startDatabase(configuration, log),
    import("./compose.js"),
  ]);
  return createService(configuration, log, custody, database);
}

async function startDatabase(configuration: Configuration, log: Log): Promise<Database> {
  const socketPath = join(configuration.runtimeDirectory, "dynamodb.sock");
  const server = await startDynamoDb({
    clock: systemClock,
    random: systemRandom,
    directory: join(configuration.home, "dynamodb"),
    socketPath,
    log: log.child({ part: "dynamodb" }),
    nodeFlags: residentFlags,
  });
  return { socketPath, server };
}
