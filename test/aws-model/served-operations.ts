/** The operations that the engine serves: a valid request each, and where it is narrower. */
import { role } from "../engine/engine-rig.js";
import type { Input, Variation } from "./request-variations.js";

export interface ServedOperation {
  readonly name: string;
  readonly base: Input;
  /** Settles what the operation needs; `web` exists before each. */
  readonly before?: { readonly operation: string; readonly input: Input };
}

const FunctionName = "web";
const Resource = "arn:aws:lambda:us-east-1:000000000000:function:web";
const eventInvoke = { FunctionName, MaximumRetryAttempts: 1 };
const withEventInvoke = {
  base: { FunctionName },
  before: { operation: "PutFunctionEventInvokeConfig", input: eventInvoke },
} as const;

/** `zip`: the code, in base64. */
export function servedOperations(zip: string): readonly ServedOperation[] {
  const Code = { ZipFile: zip };
  const settings = { Handler: "bootstrap", Role: role, Runtime: "provided.al2023" };
  const dryRun = { TenantId: "a", InvocationType: "DryRun", Payload: '{"action":"echo"}' };
  return [
    { name: "CreateFunction", base: { FunctionName: "new", Code, ...settings } },
    { name: "GetFunction", base: { FunctionName } },
    { name: "GetFunctionConfiguration", base: { FunctionName } },
    { name: "ListFunctions", base: {} },
    { name: "UpdateFunctionCode", base: { FunctionName, ZipFile: zip } },
    { name: "UpdateFunctionConfiguration", base: { FunctionName } },
    { name: "DeleteFunction", base: { FunctionName } },
    { name: "Invoke", base: { FunctionName, ...dryRun } },
    { name: "PutFunctionEventInvokeConfig", base: eventInvoke },
    { name: "UpdateFunctionEventInvokeConfig", ...withEventInvoke, base: eventInvoke },
    { name: "GetFunctionEventInvokeConfig", ...withEventInvoke },
    { name: "DeleteFunctionEventInvokeConfig", ...withEventInvoke },
    { name: "ListFunctionEventInvokeConfigs", ...withEventInvoke },
    {
      name: "PutFunctionConcurrency",
      base: { FunctionName, ReservedConcurrentExecutions: 1 },
    },
    { name: "GetFunctionConcurrency", base: { FunctionName } },
    { name: "DeleteFunctionConcurrency", base: { FunctionName } },
    { name: "PutFunctionRecursionConfig", base: { FunctionName, RecursiveLoop: "Allow" } },
    { name: "GetFunctionRecursionConfig", base: { FunctionName } },
    { name: "TagResource", base: { Resource, Tags: { owner: "me" } } },
    { name: "UntagResource", base: { Resource, TagKeys: ["owner", "team"] } },
    { name: "ListTags", base: { Resource } },
    { name: "GetAccountSettings", base: {} },
  ];
}

const unavailable: readonly RegExp[] = [
  /^VpcConfig/,
  /^DeadLetterConfig/,
  /^KMSKeyArn$/,
  /^Layers/,
  /^FileSystemConfigs/,
  /^ImageConfig/,
  /^CodeSigningConfigArn$/,
  /^Publish$/,
  /^(?:Code\.)?(?:S3Bucket|S3Key|S3ObjectVersion|ImageUri)$/,
  /^LoggingConfig\.(?:ApplicationLogLevel|SystemLogLevel)$/,
  /^DestinationConfig\.On\w+\.Destination$/,
];
const unavailableValues: readonly (readonly [string, (value: unknown) => boolean])[] = [
  [
    "Runtime",
    (value) => !["provided.al2023", "provided.al2", "nodejs22.x"].includes(String(value)),
  ],
  ["PackageType", (value) => value === "Image"],
  ["SnapStart.ApplyOn", (value) => value === "PublishedVersions"],
  ["LoggingConfig.LogFormat", (value) => value === "JSON"],
];

/** In AWS's model, and not in this engine: it must be refused, as what is not allowed. */
export function isUnavailable({ path, value }: Variation): boolean {
  const isNothing = value === "" || value === false || String(value) === "";
  const asksNothing = isNothing && !path.includes(".member");
  if (!asksNothing && unavailable.some((pattern) => pattern.test(path))) return true;
  return unavailableValues.some(([name, isSo]) => name === path && isSo(value));
}

/** Errors that a valid value may lead to: what it names is not there, or not the latest. */
export function possibleErrors({ path, value }: Variation): readonly string[] {
  switch (path) {
    case "FunctionName":
      // The name alone has 64 characters at most, which is not in the model.
      return String(value).length > 64
        ? ["InvalidParameterValueException", "ResourceNotFoundException"]
        : ["ResourceNotFoundException"];
    case "Qualifier":
    case "Resource":
      return ["ResourceNotFoundException"];
    case "RevisionId":
      return ["PreconditionFailedException"];
    case "Tags.key":
      // Tags have a key of at least one character, which is not in the model either.
      return value === "" ? ["InvalidParameterValueException"] : [];
    case "ClientContext":
      return ["InvalidRequestContentException"];
    default:
      return [];
  }
}
