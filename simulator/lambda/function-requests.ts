import { z } from "zod";
import { LambdaError } from "./lambda-error.js";

/** Variables that the environment itself sets: a function must not. */
const reservedVariables = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
  "TMPDIR",
]);
const variablesBytesMax = 4096;

const variables = z
  .record(
    z.string().regex(/^[a-zA-Z]\w+$/),
    z.string().refine((value) => !value.includes("\0"), "must not hold a NUL byte"),
  )
  .refine((all) => JSON.stringify(all).length <= variablesBytesMax, "must not exceed 4KB")
  .refine(
    (all) => !Object.keys(all).some((name) => reservedVariables.has(name)),
    "contains reserved keys that are currently not supported for modification",
  );

const tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((all) => Object.keys(all).length <= 50, "must not have more than 50 tags");

const zipFile = z.base64().transform((text) => Buffer.from(text, "base64"));

/** What creation and update have in common. `timeoutSecondsMax`: AWS allows 900. */
function settings(timeoutSecondsMax: number) {
  return {
    Description: z.string().max(256).optional(),
    Environment: z.object({ Variables: variables.optional() }).optional(),
    Handler: z.string().regex(/^\S+$/).max(128).optional(),
    MemorySize: z.int().min(128).max(10_240).optional(),
    Role: z
      .string()
      .regex(/^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/?[\w+=,.@\-/]+$/)
      .optional(),
    Runtime: z.literal(["provided.al2023", "provided.al2"]).optional(),
    Timeout: z.int().min(1).max(timeoutSecondsMax).optional(),
  };
}

export function createRequest(timeoutSecondsMax: number) {
  const shared = settings(timeoutSecondsMax);
  return z.object({
    ...shared,
    FunctionName: z.string(),
    Code: z.object({ ZipFile: zipFile }),
    Handler: shared.Handler.unwrap(),
    Role: shared.Role.unwrap(),
    Runtime: shared.Runtime.unwrap(),
    Architectures: z.tuple([z.enum(["x86_64", "arm64"])]).optional(),
    PackageType: z.literal("Zip").optional(),
    Tags: tags.optional(),
    TenancyConfig: z.object({ TenantIsolationMode: z.literal("PER_TENANT") }).optional(),
  });
}
export type CreateRequest = z.infer<ReturnType<typeof createRequest>>;

export function updateConfigurationRequest(timeoutSecondsMax: number) {
  return z.object({ ...settings(timeoutSecondsMax), RevisionId: z.string().optional() });
}
export type UpdateConfigurationRequest = z.infer<ReturnType<typeof updateConfigurationRequest>>;

export const updateCodeRequest = z.object({
  ZipFile: zipFile,
  RevisionId: z.string().optional(),
});
export type UpdateCodeRequest = z.infer<typeof updateCodeRequest>;

export const eventInvokeRequest = z.object({
  MaximumRetryAttempts: z.int().min(0).max(2).optional(),
  MaximumEventAgeInSeconds: z.int().min(60).max(21_600).optional(),
});
export type EventInvokeRequest = z.infer<typeof eventInvokeRequest>;

export const tagRequest = z.object({ Tags: tags });

export const listQuery = z.object({
  Marker: z.string().optional(),
  MaxItems: z.coerce.number().int().min(1).max(10_000).optional(),
});

export const tenantId = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[a-zA-Z0-9._:/=+\-@ ]+$/);

/** A JSON body in AWS's terms, or the error that AWS has for it. */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  body: Buffer,
): z.output<Schema> {
  return validate(schema, parseJson(body));
}

export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const lines = issues.map(({ path, message }) => {
    const member = path.length === 0 ? "the request" : `'${path.map(String).join(".")}'`;
    return `Value at ${member} failed to satisfy constraint: ${message}`;
  });
  const count = `${lines.length} validation error${lines.length === 1 ? "" : "s"} detected`;
  throw new LambdaError("InvalidParameterValueException", `${count}: ${lines.join("; ")}`);
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Could not parse request body into json: ${reason}`;
    throw new LambdaError("InvalidRequestContentException", message);
  }
}

/** A function's name out of itself, a partial ARN or an ARN, with or without `$LATEST`. */
export function parseFunctionName(text: string): string {
  const pattern =
    /^(?:(?:arn:aws[a-zA-Z-]*:lambda:[a-z\d-]+:)?\d{12}:function:)?([\w-]{1,64})(?::(\$LATEST))?$/;
  const name = pattern.exec(text)?.[1];
  if (name !== undefined) return name;
  const message = `1 validation error detected: Value '${text.slice(0, 200)}' at 'functionName'`;
  throw new LambdaError(
    "InvalidParameterValueException",
    `${message} failed to satisfy constraint: not the name or ARN of a function`,
  );
}
