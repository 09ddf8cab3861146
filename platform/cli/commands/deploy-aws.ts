import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AwsOrder, deployToAws, previewAws } from "../../daemon/aws-deploy.js";
import { AwsRecords } from "../../daemon/aws-record.js";
import { alreadyDeployed } from "../../daemon/aws-refusals.js";
import { readConfiguration } from "../../daemon/configuration.js";
import { prepareHome } from "../../daemon/directories.js";
import { requireShim } from "../../daemon/shim-files.js";
import type { HostClass, Manifest } from "../../manifest/manifest.js";
import { formatAwsDeployed, formatAwsPreview } from "../format-aws.js";
import { formatPlan } from "../format-deploy.js";
import { withProgress } from "../progress.js";
import { findDaemon } from "../session.js";
import { plain, type Terminal } from "../terminal.js";

export interface AwsOptions {
  readonly role?: string;
  readonly reserveConcurrency?: boolean;
  readonly dryRun?: boolean;
}

export async function deployAws(
  terminal: Terminal,
  manifest: Manifest,
  options: AwsOptions,
): Promise<void> {
  requireShim();
  const { deployment } = manifest;
  const { home } = readConfiguration();
  const daemon = await findDaemon();
  if (daemon?.health.deployments.includes(deployment)) {
    throw alreadyDeployed(deployment, "the local cloud", "AWS");
  }
  const records = new AwsRecords(home);
  const order: AwsOrder = {
    manifest,
    role: options.role ?? (process.env["IM_AWS_ROLE"] || null),
    reserveConcurrency: options.reserveConcurrency === true,
  };
  for (const one of manifest.classes) warnOfProgram(terminal, one);
  if (options.dryRun) {
    const working = withProgress(terminal, `packing ${deployment}`, previewAws(order, records));
    const preview = await working;
    if (preview.unread !== null) {
      terminal.note(`warning: ${preview.unread.message}: shown as if nothing existed there\n`);
    }
    terminal.write(formatPlan(manifest, terminal.columns));
    terminal.write(`\n${formatAwsPreview(preview, terminal.columns)}`);
    return;
  }
  prepareHome(home, process.getuid?.() ?? 0);
  const deploying = deployToAws(order, records);
  const { region, plan } = await withProgress(terminal, `deploying ${deployment}`, deploying);
  terminal.write(formatAwsDeployed(deployment, region, plan));
}

/** What a managed Node runtime has beside a guest's own files. */
const foundThere: ReadonlySet<string> = new Set(["node", "sh", "bash", "/bin/sh", "/bin/bash"]);

/** No error: nobody here knows all that a function's system has. */
function warnOfProgram(terminal: Terminal, { name, command, directory }: HostClass): void {
  const program = command[0] ?? "";
  const isPackaged =
    program.includes("/") && !program.startsWith("/") && existsSync(join(directory, program));
  if (isPackaged || foundThere.has(program)) return;
  terminal.note(
    `warning: ${name} may not boot on AWS: ${plain(program)} is not in its directory, and a ` +
      "function has Node and little else\n",
  );
}
