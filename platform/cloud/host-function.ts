/** A class's function on AWS: as it should be, and how one that exists differs from that. */
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import { ImError } from "../errors/im-error.js";
import { bootstrapPath, type HostPackage } from "./host-package.js";

export interface HostFunction {
  readonly name: string;
  readonly deployment: string;
  readonly className: string;
  /** How many hosts the class has. */
  readonly hostsCount: number;
  readonly memoryMb: number;
  /** ARN of the execution role. */
  readonly role: string;
  readonly architecture: "x86_64" | "arm64";
  /** null: the function shares the account's concurrency. */
  readonly reservedConcurrency: number | null;
  readonly package: HostPackage;
}

export interface ExistingFunction {
  readonly configuration: FunctionConfiguration;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency: number | null;
  readonly eventRetriesMax: number | null;
  readonly eventAgeSecondsMax: number | null;
  readonly recursiveLoop: string;
}

export type FunctionChange =
  | "code"
  | "configuration"
  | "tags"
  | "event-invoke"
  | "recursion"
  | "concurrency";

/** A host's events are repeated by its supervisor, which knows what became of them. */
export const eventInvoke = { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } as const;
/** Hosts wake one another in circles, which is no mistake here. */
export const recursiveLoop = "Allow";

export const tagNames = {
  deployment: "im:deployment",
  className: "im:class",
  hostsCount: "im:hosts",
} as const;

/** Lambda's own bound. */
const timeoutSecondsMax = 900;
/**
 * Node itself is a third of what a direct upload may be: the managed runtime has it. What that
 * would run is replaced by the wrapper, so its handler is a name only.
 */
const runtime = "nodejs22.x";
const handler = "bootstrap";

/** What CreateFunction and UpdateFunctionConfiguration have in common. */
export function settingsOf({ deployment, className, memoryMb, role }: HostFunction) {
  return {
    Description: `${deployment}: ${className} (Imaginary Machines)`,
    Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: bootstrapPath } },
    Handler: handler,
    MemorySize: memoryMb,
    Role: role,
    Runtime: runtime,
    Timeout: timeoutSecondsMax,
  } as const;
}

export function tagsOf({ deployment, className, hostsCount }: HostFunction) {
  return {
    [tagNames.deployment]: deployment,
    [tagNames.className]: className,
    [tagNames.hostsCount]: String(hostsCount),
  };
}

/** In the order in which they are to be made; empty: nothing is to be done. */
export function changesOf(
  wanted: HostFunction,
  existing: ExistingFunction,
): readonly FunctionChange[] {
  const { configuration, tags } = existing;
  const isCode =
    configuration.CodeSha256 === wanted.package.sha256 &&
    configuration.Architectures?.[0] === wanted.architecture;
  const isTagged = Object.entries(tagsOf(wanted)).every(([name, value]) => tags[name] === value);
  const isInvoked =
    existing.eventRetriesMax === eventInvoke.MaximumRetryAttempts &&
    existing.eventAgeSecondsMax === eventInvoke.MaximumEventAgeInSeconds;
  const same: readonly (readonly [FunctionChange, boolean])[] = [
    ["code", isCode],
    ["configuration", hasSettings(configuration, settingsOf(wanted))],
    ["tags", isTagged],
    ["event-invoke", isInvoked],
    ["recursion", existing.recursiveLoop === recursiveLoop],
    ["concurrency", existing.reservedConcurrency === wanted.reservedConcurrency],
  ];
  return same.flatMap(([change, isSame]) => (isSame ? [] : [change]));
}

const comparedSettings = [
  "Description",
  "Handler",
  "MemorySize",
  "Role",
  "Runtime",
  "Timeout",
] as const satisfies readonly (keyof FunctionConfiguration)[];

function hasSettings(
  current: FunctionConfiguration,
  wanted: ReturnType<typeof settingsOf>,
): boolean {
  const variables = Object.entries(wanted.Environment.Variables);
  const found = current.Environment?.Variables ?? {};
  return (
    comparedSettings.every((key) => current[key] === wanted[key]) &&
    Object.keys(found).length === variables.length &&
    variables.every(([name, value]) => found[name] === value)
  );
}

/**
 * Throws `ImError` IM_CLOUD_CONFLICT for a function that somebody else made, or that cannot become
 * what is wanted: tenancy is decided at creation.
 */
export function refuseForeign(deployment: string, existing: ExistingFunction): void {
  const { FunctionName: name = "", TenancyConfig: tenancy } = existing.configuration;
  const owner = existing.tags[tagNames.deployment];
  const isOurs = owner === deployment && tenancy?.TenantIsolationMode === "PER_TENANT";
  if (isOurs) return;
  throw new ImError("IM_CLOUD_CONFLICT", {
    what: `the function ${name} exists and is not the deployment's own`,
    expected: `a function with tenant isolation, tagged ${tagNames.deployment}=${deployment}`,
    received: owner === undefined ? "one without that tag" : `${tagNames.deployment}=${owner}`,
    fix: "delete that function, or give the deployment another name",
  });
}
