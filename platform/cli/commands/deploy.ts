import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { AwsRecords } from "../../daemon/aws-record.js";
import { alreadyDeployed } from "../../daemon/aws-refusals.js";
import { readConfiguration } from "../../daemon/configuration.js";
import { requireShim } from "../../daemon/shim-files.js";
import { ensureDaemon } from "../../daemon/start.js";
import { ImError } from "../../errors/im-error.js";
import type { Manifest } from "../../manifest/manifest.js";
import { readManifest } from "../../manifest/read-manifest.js";
import { formatDeployed, formatPlan } from "../format-deploy.js";
import { withProgress } from "../progress.js";
import { loadClient, requireSameVersion, type TargetOptions, withClient } from "../session.js";
import { plain, type Terminal } from "../terminal.js";
import type { AwsOptions } from "./deploy-aws.js";

export interface DeployOptions extends TargetOptions, AwsOptions {
  readonly cloud: "local" | "aws";
}

export async function deploy(
  terminal: Terminal,
  path: string,
  options: DeployOptions,
): Promise<void> {
  const manifest = await readManifest(resolve(path), { descriptorsMax: descriptorsMax() });
  requireName(manifest.deployment, options.deployment);
  if (options.cloud === "aws") {
    const { deployAws } = await import("./deploy-aws.js");
    await deployAws(terminal, manifest, options);
    return;
  }
  refuseAwsOptions(options);
  warnOfDirectories(terminal, manifest);
  if (options.dryRun) {
    terminal.write(formatPlan(manifest, terminal.columns));
    return;
  }
  requireShim();
  refuseDeployedOnAws(manifest.deployment);
  const daemon = await ensureDaemon({ meanwhile: loadClient });
  requireSameVersion(daemon);
  const result = await withClient(daemon.configuration, (client) => {
    const deploying = client.deploy({ manifest, cloud: "local" });
    return withProgress(terminal, `deploying ${manifest.deployment}`, deploying);
  });
  terminal.write(formatDeployed(manifest, result, daemon.health.deployments));
}

/** No error: it may be there by the time that a host boots. */
function warnOfDirectories(terminal: Terminal, { classes }: Manifest): void {
  for (const { name, directory } of classes) {
    if (isDirectory(directory)) continue;
    const path = plain(directory);
    terminal.note(`warning: ${name} cannot boot: its directory ${path} cannot be entered\n`);
  }
}

function isDirectory(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function refuseAwsOptions({ role, reserveConcurrency }: AwsOptions): void {
  if (role === undefined && reserveConcurrency !== true) return;
  const option = role === undefined ? "--reserve-concurrency" : "--role";
  throw new ImError("IM_USAGE", {
    what: `${option} is of no use on the local cloud`,
    expected: `${option} together with --cloud aws`,
    received: "--cloud local",
    fix: `add --cloud aws, or leave ${option} out`,
  });
}

function refuseDeployedOnAws(deployment: string): void {
  const record = new AwsRecords(readConfiguration().home).read(deployment);
  if (record === null) return;
  throw alreadyDeployed(deployment, `AWS (${record.region})`, "the local cloud");
}

/** A manifest names its deployment itself; `--deployment` may confirm it. */
function requireName(own: string, named: string | undefined): void {
  if (named === undefined || named === own) return;
  throw new ImError("IM_USAGE", {
    what: "the manifest is of another deployment than --deployment names",
    expected: named,
    received: own,
    fix: "leave --deployment out: the manifest names its deployment",
  });
}

/** How many descriptors one process may be given, at most: each placeholder takes one. */
function descriptorsMax(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? "";
  return hard === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(hard) || 1024;
}
