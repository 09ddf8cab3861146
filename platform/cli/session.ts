/** Which daemon and which deployment a command speaks to. */
import { existsSync } from "node:fs";
import { type AwsRecord, AwsRecords } from "../daemon/aws-record.js";
import { notReachable } from "../daemon/aws-refusals.js";
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

/** Where a deployment is: on the local cloud, or on AWS. */
export type Place =
  | ({ readonly cloud: "local" } & Target)
  | { readonly cloud: "aws"; readonly record: AwsRecord; readonly records: AwsRecords };

/** The deployment that is meant: the one named, or the only one. One on AWS is refused. */
export async function locate(
  options: TargetOptions,
  variables: NodeJS.ProcessEnv = process.env,
): Promise<Target> {
  const place = await locateAnywhere(options, variables);
  if (place.cloud === "local") return place;
  throw notReachable(place.record.deployment, place.record.region);
}

export async function locateAnywhere(
  options: TargetOptions,
  variables: NodeJS.ProcessEnv = process.env,
): Promise<Place> {
  const daemon = await findDaemon();
  const records = new AwsRecords(readConfiguration().home);
  const deployed = [...(daemon?.health.deployments ?? []), ...records.names()];
  const deployment = choose(deployed, options.deployment, variables["IM_DEPLOYMENT"]);
  if (deployment === null) throw noDeployment(null, []);
  const record = records.read(deployment);
  if (record !== null) return { cloud: "aws", record, records };
  if (daemon === null) throw noDeployment(null, []);
  requireSameVersion(daemon);
  return { cloud: "local", ...daemon, deployment };
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
  const { DaemonClient } = await loadClient();
  const client = new DaemonClient(configuration.daemonSocket);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Loaded when it is needed: undici would double the time that `im run` takes to start. */
export function loadClient(): Promise<typeof import("../daemon/client.js")> {
  return import("../daemon/client.js");
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
