import { type AwsRecord, AwsRecords } from "../../daemon/aws-record.js";
import { readConfiguration } from "../../daemon/configuration.js";
import { DeploymentFile } from "../../daemon/deployment-file.js";
import { type Health, readHealth } from "../../daemon/health.js";
import { noDeployment } from "../../daemon/not-there.js";
import { requireShim } from "../../daemon/shim-files.js";
import type { Daemon } from "../../daemon/start.js";
import { ImError } from "../../errors/im-error.js";
import { withProgress } from "../progress.js";
import { choose, findDaemon, type TargetOptions, withClient } from "../session.js";
import type { Terminal } from "../terminal.js";

export interface DownOptions extends TargetOptions {
  readonly all?: boolean;
}

/** The daemon has a second to notice that it is not needed, and some more to clean up. */
const endMsMax = 10_000;

/** Also speaks to a daemon of another version: ending its deployments is how to get rid of it. */
export async function down(terminal: Terminal, options: DownOptions): Promise<void> {
  if (options.all && options.deployment !== undefined) {
    throw new ImError("IM_USAGE", {
      what: "--all and --deployment contradict one another",
      expected: "one of them",
      received: "both",
      fix: "leave one of them out",
    });
  }
  const daemon = await findDaemon();
  const local = daemon?.health.deployments ?? [];
  const records = new AwsRecords(readConfiguration().home);
  const deployed = [...local, ...records.names()];
  const ending = options.all ? deployed : one(deployed, options.deployment);
  if (ending.length === 0) terminal.note("nothing is deployed\n");
  const here = ending.filter((deployment) => local.includes(deployment));
  if (daemon !== null && (here.length > 0 || ending.length === 0)) {
    await endHere(terminal, daemon, here);
  }
  const onAws = ending.flatMap((deployment) => records.read(deployment) ?? []);
  for (const record of onAws) await endThere(terminal, record, records);
}

async function endHere(
  terminal: Terminal,
  { configuration, health }: Daemon,
  ending: readonly string[],
): Promise<void> {
  await withClient(configuration, async (client) => {
    for (const deployment of ending) {
      await client.down(deployment);
      const { logDirectory } = new DeploymentFile(configuration.home, deployment);
      terminal.write(`${deployment}: ended; logs are in ${logDirectory}\n`);
    }
  });
  await untilGone(health, configuration.daemonSocket);
}

async function endThere(terminal: Terminal, record: AwsRecord, records: AwsRecords): Promise<void> {
  const { deployment, region } = record;
  const { endOnAws } = await import("../../daemon/aws-deploy.js");
  await withProgress(terminal, `ending ${deployment}`, endOnAws(record, records));
  terminal.write(`${deployment}: ended on AWS (${region}); logs are in CloudWatch\n`);
}

function one(deployed: readonly string[], named: string | undefined): readonly string[] {
  const deployment = choose(deployed, named, process.env["IM_DEPLOYMENT"]);
  if (deployment !== null) return [deployment];
  throw noDeployment(null, []);
}

/** After `im down` nothing is left running: the daemon neither, if it has nothing else to do. */
async function untilGone(health: Health, daemonSocket: string): Promise<void> {
  const now = await readHealth(daemonSocket);
  if (now !== null && (now.pid !== health.pid || now.deployments.length > 0)) return;
  const addon = requireShim();
  const descriptor = openProcess(() => addon.pidfdOpen(health.pid));
  if (descriptor === null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, endMsMax);
    addon.watch(descriptor, () => {
      clearTimeout(timer);
      resolve();
    });
  });
  addon.unwatch(descriptor);
  addon.close(descriptor);
}

/** null: it has ended already. */
function openProcess(open: () => number): number | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return null;
    throw error;
  }
}
