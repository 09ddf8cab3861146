/** From a manifest and what the deployment was given to the hosts that the supervisor declares. */
import { createHash } from "node:crypto";
import { type HostClass, hostNames, type Manifest } from "../manifest/manifest.js";
import type { Assignment } from "../network/assignment.js";
import { formatAddress } from "../network/layout.js";
import type { FunctionSpec } from "../ports/cloud.js";
import type { DeclaredHost } from "../supervisor/declared-host.js";

export interface Grant {
  readonly deployId: string;
  readonly blockBase: number;
  readonly assignment: Assignment;
  readonly nodeSocket: string;
  readonly tablePath: string;
  readonly logFile: (host: string) => string;
}

/** AWS allows 64 characters; a longer name is cut and told apart by a hash. */
const functionNameMax = 64;

/** Told apart by a character that no name of the manifest has: `a` + `b-c` is not `a-b` + `c`. */
export function functionName(deployment: string, className: string): string {
  const name = `im_${deployment}_${className}`;
  if (name.length <= functionNameMax) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 10);
  return `${name.slice(0, functionNameMax - 11)}_${hash}`;
}

/** What the names of all functions of a deployment begin with, the long ones too. */
export function functionNamePrefix(deployment: string): string {
  return `im_${deployment}_`.slice(0, functionNameMax - 11);
}

export function functionSpecs(manifest: Manifest, timeoutSeconds: number): readonly FunctionSpec[] {
  return manifest.classes.map((hostClass) => ({
    name: functionName(manifest.deployment, hostClass.name),
    memoryMb: hostClass.memoryMb,
    timeoutSeconds,
    tags: { "im:deployment": manifest.deployment, "im:spare": "shared" },
  }));
}

export function declaredHosts(manifest: Manifest, grant: Grant): readonly DeclaredHost[] {
  return manifest.classes.flatMap((hostClass) =>
    hostNames(hostClass).map((name) => declaredHost(manifest, hostClass, name, grant)),
  );
}

function declaredHost(
  manifest: Manifest,
  hostClass: HostClass,
  name: string,
  grant: Grant,
): DeclaredHost {
  const address = grant.blockBase + (grant.assignment[name] ?? 0);
  return {
    name,
    className: hostClass.name,
    address,
    listen: hostClass.listen,
    ready: hostClass.ready,
    readyPort: hostClass.ready === "listen" ? (hostClass.listen[0] ?? null) : null,
    bootTimeoutMs: hostClass.bootTimeoutMs,
    stopGraceMs: hostClass.stopGraceMs,
    idle: hostClass.idle,
    wakeEveryMs: hostClass.wakeEveryMs,
    functionName: functionName(manifest.deployment, hostClass.name),
    bootEvent: ({ incarnation, claim }) => ({
      version: 1,
      action: "boot",
      deployment: manifest.deployment,
      deployId: grant.deployId,
      host: name,
      incarnation,
      claim,
      nodeSocket: grant.nodeSocket,
      guest: {
        command: [...hostClass.command],
        directory: hostClass.directory,
        environment: {
          ...hostClass.environment,
          IM_HOST: name,
          IM_DEPLOYMENT: manifest.deployment,
          IM_INCARNATION: String(incarnation),
          IM_ADDRESS: formatAddress(address),
          IM_TABLE: grant.tablePath,
        },
        preload: hostClass.intercept === "preload",
        stopGraceMs: hostClass.stopGraceMs,
      },
      logFile: grant.logFile(name),
    }),
    continueEvent: (life) => ({
      version: 1,
      action: "continue",
      deployId: grant.deployId,
      host: name,
      ...life,
      nodeSocket: grant.nodeSocket,
    }),
  };
}

/** Names of classes whose definition is not the same in both. */
export function changedClasses(before: Manifest, after: Manifest): readonly string[] {
  const previous = new Map(before.classes.map((c) => [c.name, JSON.stringify(c)]));
  return after.classes
    .filter((c) => previous.has(c.name) && previous.get(c.name) !== JSON.stringify(c))
    .map((c) => c.name);
}
