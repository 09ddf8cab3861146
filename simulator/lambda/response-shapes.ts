import type { FunctionRecord } from "./function-record.js";
import { LambdaError } from "./lambda-error.js";

/** What the JSON shapes of AWS's model need beyond the record itself. */
export interface ShapeContext {
  arnOf(functionName: string): string;
  codePath(codeKey: string): string;
}

/** `FunctionConfiguration`. */
export function configurationShape(record: FunctionRecord, { arnOf }: ShapeContext): object {
  const hasVariables = Object.keys(record.variables).length > 0;
  return {
    FunctionName: record.name,
    FunctionArn: arnOf(record.name),
    Runtime: record.runtime,
    Role: record.role,
    Handler: record.handler,
    CodeSize: record.codeBytes,
    Description: record.description,
    Timeout: record.timeoutSeconds,
    MemorySize: record.memoryMb,
    LastModified: record.lastModified,
    CodeSha256: Buffer.from(record.codeKey, "hex").toString("base64"),
    Version: "$LATEST",
    ...(hasVariables ? { Environment: { Variables: record.variables } } : {}),
    TracingConfig: { Mode: "PassThrough" },
    RevisionId: record.revisionId,
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    Architectures: [record.architecture],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: `/aws/lambda/${record.name}` },
    ...(record.perTenant ? { TenancyConfig: { TenantIsolationMode: "PER_TENANT" } } : {}),
  };
}

/** `FunctionCodeLocation`: here a directory, where AWS has a link that ends after ten minutes. */
export function codeLocation(record: FunctionRecord, { codePath }: ShapeContext): object {
  return { RepositoryType: "S3", Location: `file://${codePath(record.codeKey)}` };
}

/** `FunctionEventInvokeConfig`. */
export function eventInvokeShape(record: FunctionRecord, { arnOf }: ShapeContext): object {
  const { eventInvoke, name } = record;
  if (eventInvoke === null) {
    const message = `The function ${arnOf(name)}:$LATEST doesn't have an EventInvokeConfig`;
    throw new LambdaError("ResourceNotFoundException", message);
  }
  const { retriesMax, ageSecondsMax } = eventInvoke;
  return {
    FunctionArn: `${arnOf(name)}:$LATEST`,
    LastModified: eventInvoke.lastModifiedMs / 1000,
    ...(retriesMax === null ? {} : { MaximumRetryAttempts: retriesMax }),
    ...(ageSecondsMax === null ? {} : { MaximumEventAgeInSeconds: ageSecondsMax }),
    DestinationConfig: { OnSuccess: {}, OnFailure: {} },
  };
}
