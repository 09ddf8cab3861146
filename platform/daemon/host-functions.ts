/** From a manifest to the functions that AWS is to have. */
import type { HostFunction } from "../cloud/host-function.js";
import { type HostPackage, packHost } from "../cloud/host-package.js";
import { ImError } from "../errors/im-error.js";
import { hostNames, type Manifest } from "../manifest/manifest.js";
import { functionName } from "./declared-hosts.js";

export interface FunctionOptions {
  /** ARN of the functions' role. */
  readonly role: string;
  /** Each class gets room for as many environments as it has hosts, and takes no other's. */
  readonly reserveConcurrency: boolean;
}

/**
 * Packs everything, so that what cannot be packed is known before anything is created. Rejects with
 * IM_PACKAGE_INVALID or IM_PACKAGE_TOO_LARGE.
 */
export async function hostFunctions(
  manifest: Manifest,
  { role, reserveConcurrency }: FunctionOptions,
): Promise<readonly HostFunction[]> {
  const { deployment, classes } = manifest;
  const architecture = functionArchitecture(process.arch);
  const packages = new Map<string, HostPackage>();
  const functions: HostFunction[] = [];
  for (const one of classes) {
    const known = packages.get(one.directory) ?? (await packHost(one.name, one.directory));
    packages.set(one.directory, known);
    const hostsCount = hostNames(one).length;
    functions.push({
      name: functionName(deployment, one.name),
      deployment,
      className: one.name,
      hostsCount,
      memoryMb: one.memoryMb,
      role,
      architecture,
      reservedConcurrency: reserveConcurrency ? hostsCount : null,
      package: known,
    });
  }
  return functions;
}

/** The shim is compiled for the machine that deploys. */
function functionArchitecture(architecture: string): HostFunction["architecture"] {
  if (architecture === "x64") return "x86_64";
  if (architecture === "arm64") return "arm64";
  throw new ImError("IM_CLOUD_UNAVAILABLE", {
    what: "Lambda has no functions for this machine's architecture",
    expected: "x64 or arm64",
    received: architecture,
  });
}
