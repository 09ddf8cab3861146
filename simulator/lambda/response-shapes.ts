import { type FunctionNames, latest } from "./function-name.js";
import type { FunctionRecord } from "./function-record.js";
import type { Unsettled } from "./settling.js";

/** What the JSON shapes of AWS's model need beyond the record itself. */
export interface ShapeContext {
  readonly names: FunctionNames;
  codePath(codeKey: string): string;
}

/** `FunctionConfiguration`. */
export function configurationShape(
  record: FunctionRecord,
  unsettled: Unsettled,
  { names }: ShapeContext,
): object {
  const hasVariables = Object.keys(record.variables).length > 0;
  return {
    FunctionName: record.name,
    FunctionArn: names.arnOf(record.name),
    Runtime: record.runtime,
    Role: record.role,
    Handler: record.handler,
    CodeSize: record.codeBytes,
    Description: record.description,
    Timeout: record.timeoutSeconds,
    MemorySize: record.memoryMb,
    LastModified: record.lastModified,
    CodeSha256: Buffer.from(record.codeKey, "hex").toString("base64"),
    Version: latest,
    ...(hasVariables ? { Environment: { Variables: record.variables } } : {}),
    TracingConfig: { Mode: record.tracingMode },
    RevisionId: record.revisionId,
    ...stateShape(unsettled),
    PackageType: "Zip",
    Architectures: [record.architecture],
    EphemeralStorage: { Size: record.ephemeralStorageMb },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: {
      LogFormat: "Text",
      LogGroup: record.logGroup ?? `/aws/lambda/${record.name}`,
    },
    ...(record.perTenant ? { TenancyConfig: { TenantIsolationMode: "PER_TENANT" } } : {}),
  };
}

function stateShape(unsettled: Unsettled): object {
  if (unsettled !== "Pending") {
    return { State: "Active", LastUpdateStatus: unsettled ?? "Successful" };
  }
  return {
    State: "Pending",
    StateReason: "The function is being created.",
    StateReasonCode: "Creating",
  };
}

/** `FunctionCodeLocation`: here a directory, where AWS has a link that ends after ten minutes. */
export function codeLocation(record: FunctionRecord, { codePath }: ShapeContext): object {
  return { RepositoryType: "S3", Location: `file://${codePath(record.codeKey)}` };
}

/** `FunctionEventInvokeConfig`. */
export function eventInvokeShape(
  name: string,
  { retriesMax, ageSecondsMax, lastModifiedMs }: NonNullable<FunctionRecord["eventInvoke"]>,
  names: FunctionNames,
): object {
  return {
    FunctionArn: `${names.arnOf(name)}:${latest}`,
    LastModified: lastModifiedMs / 1000,
    ...(retriesMax === null ? {} : { MaximumRetryAttempts: retriesMax }),
    ...(ageSecondsMax === null ? {} : { MaximumEventAgeInSeconds: ageSecondsMax }),
    DestinationConfig: { OnSuccess: {}, OnFailure: {} },
  };
}
