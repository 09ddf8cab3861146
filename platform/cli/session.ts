/** Which daemon and which deployment a command speaks to. */
import { existsSync } from "node:fs";
import type { DaemonClient } from "../daemon/client.js";
import { type Configuration, readConfiguration } from "../daemon/configuration.js";
import { checkHome } from "../daemon/directories.js";
import { findHealth } from "../daemon/health.js";
import { noDeployment, oneOf } from "../daemon/not-there.js";
import type { Daemon } from "../daemon/start.js";
import { ImError } from "../errors/im-error.js";

export interface TargetOptions {
  /** `--deployment` */
  readonly deployment?: string;
}

export interface Target extends Daemon {
  readonly deployment: string;
}

/** The deployment that is meant: the one named, or the only one. */
export async function locate(
  options: TargetOptions,
  variables: NodeJS.ProcessEnv = process.env,
): Promise<Target> {
  const daemon = await findDaemon();
  if (daemon !== null) requireSameVersion(daemon);
  const deployed = daemon?.health.deployments ?? [];
  const deployment = choose(deployed, options.deployment, variables["IM_DEPLOYMENT"]);
  if (daemon === null || deployment === null) throw noDeployment(null, []);
  return { ...daemon, deployment };
}

export async function withDeployment<Result>(
  options: TargetOptions,
  work: (client: DaemonClient, deployment: string) => Promise<Result>,
): Promise<Result> {
  const { configuration, deployment } = await locate(options);
  return await withClient(configuration, (client) => work(client, deployment));
}

export async function withClient<Result>(
  configuration: Configuration,
  work: (client: DaemonClient) => Promise<Result>,
): Promise<Result> {
  const { DaemonClient } = await import("../daemon/client.js");
  const client = new DaemonClient(configuration.daemonSocket);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** null: no daemon runs, and none is needed. */
export async function findDaemon(): Promise<Daemon | null> {
  const configuration = readConfiguration();
  checkHome(configuration.home, process.getuid?.() ?? 0);
  const health = await findHealth(configuration);
  if (health !== null) return { configuration, health };
  if (!existsSync(configuration.pidFile)) return null;
  // One that ended properly takes its pid file along. This one died, or starts right now.
  const { ensureDaemon } = await import("../daemon/start.js");
  return await ensureDaemon();
}

export function requireSameVersion({ configuration, health }: Daemon): void {
  if (health.version === configuration.version) return;
  throw new ImError("IM_DAEMON_VERSION", {
    what: "the daemon that runs is of another version of im",
    expected: configuration.version,
    received: `${health.version} (process ${health.pid})`,
  });
}

/** null: nothing is deployed at all. */
export function choose(
  deployed: readonly string[],
  named: string | undefined,
  surrounding: string | undefined,
): string | null {
  if (named !== undefined) {
    if (deployed.includes(named)) return named;
    throw noDeployment(named, deployed);
  }
  const [first, ...others] = deployed;
  if (first === undefined) return null;
  if (others.length === 0) return first;
  // Inside of `im run` and `im shell` their own deployment is meant.
  if (surrounding !== undefined && deployed.includes(surrounding)) return surrounding;
  throw new ImError("IM_AMBIGUOUS_DEPLOYMENT", {
    what: "more than one deployment is running here",
    expected: oneOf(deployed),
  });
}
