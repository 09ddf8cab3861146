/** The settings of functions as creation and update take them. */
import { z } from "zod";

/** Variables that the environment itself sets: a function must not. */
const reservedVariables: ReadonlySet<string> = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "AWS_REGION",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SECRET_KEY",
  "AWS_SESSION_TOKEN",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
  // Not so on AWS, where /tmp itself is the environment's own.
  "TMPDIR",
]);
const variablesBytesMax = 4096;
const tagsMax = 50;
const unable =
  "Lambda was unable to configure your environment variables because the environment variables " +
  "you have provided";

const variables = z
  .record(
    z.string().regex(/^[a-zA-Z]([a-zA-Z0-9_])+$/),
    z.string().refine((value) => !value.includes("\0"), `${unable} contain a NUL byte.`),
  )
  .superRefine((all, context) => {
    const reserved = Object.keys(all).filter((name) => reservedVariables.has(name));
    if (reserved.length > 0) {
      const which = "contains reserved keys that are currently not supported for modification";
      const used = `Reserved keys used in this request: ${reserved.join(", ")}`;
      context.addIssue({ code: "custom", message: `${unable} ${which}. ${used}` });
    }
    if (Buffer.byteLength(JSON.stringify(all)) > variablesBytesMax) {
      context.addIssue({ code: "custom", message: `${unable} exceeded the 4KB limit.` });
    }
  });

export const tags = z
  .record(
    z
      .string()
      .min(1)
      .max(128)
      .refine((key) => !key.startsWith("aws:"), "aws: prefixed tag key names are not allowed"),
    z.string().max(256),
  )
  .refine(hasTagsRoom, `Tags must not be more than ${tagsMax}`);

/** AWS's limit for one function. */
export function hasTagsRoom(all: Readonly<Record<string, string>>): boolean {
  return Object.keys(all).length <= tagsMax;
}

/** What the model has and this engine does not: harmless as long as it asks for nothing. */
export function unavailable(member: string) {
  return z
    .unknown()
    .refine(asksNothing, `${member} is not available here: leave it out`)
    .transform(() => undefined)
    .optional();
}

/** The same, where nothing less than its absence asks for nothing. */
export function absent(message: string) {
  return z
    .unknown()
    .refine((value) => value === undefined, message)
    .optional();
}

function asksNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object" && value !== null) return Object.values(value).every(asksNothing);
  return value === undefined || value === "" || value === false;
}

/**
 * Of the managed ones the first that a package can replace by its own program, which the engine
 * starts as it does for the others: AWS_LAMBDA_EXEC_WRAPPER with /var/task/bootstrap.
 */
const runtime = z.enum(["provided.al2023", "provided.al2", "nodejs22.x"]);
const architecture = z.enum(["x86_64", "arm64"]);
export const architectures = z.array(architecture).min(1).max(1);

const logging = z.object({
  LogFormat: z.literal("Text").optional(),
  // Levels are for logs in JSON, on AWS too.
  ApplicationLogLevel: unavailable("LoggingConfig.ApplicationLogLevel"),
  SystemLogLevel: unavailable("LoggingConfig.SystemLogLevel"),
  LogGroup: z
    .string()
    .min(1)
    .max(512)
    .regex(/^[.\-_/#A-Za-z0-9]+$/)
    .optional(),
});

/** What creation and update have in common. `timeoutSecondsMax`: AWS allows 900. */
export function settings(timeoutSecondsMax: number) {
  return {
    Description: z.string().max(256).optional(),
    Environment: z.object({ Variables: variables.optional() }).optional(),
    EphemeralStorage: z.object({ Size: z.int().min(512).max(10_240) }).optional(),
    Handler: z.string().max(128).regex(/^\S+$/).optional(),
    LoggingConfig: logging.optional(),
    MemorySize: z.int().min(128).max(10_240).optional(),
    Role: z
      .string()
      .regex(/^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-/]+$/)
      .optional(),
    Runtime: runtime.optional(),
    SnapStart: z.object({ ApplyOn: z.literal("None").optional() }).optional(),
    Timeout: z.int().min(1).max(timeoutSecondsMax).optional(),
    TracingConfig: z.object({ Mode: z.enum(["Active", "PassThrough"]).optional() }).optional(),
    CapacityProviderConfig: unavailable("CapacityProviderConfig"),
    DeadLetterConfig: unavailable("DeadLetterConfig"),
    DurableConfig: unavailable("DurableConfig"),
    FileSystemConfigs: unavailable("FileSystemConfigs"),
    ImageConfig: unavailable("ImageConfig"),
    KMSKeyArn: unavailable("KMSKeyArn"),
    Layers: unavailable("Layers"),
    VpcConfig: unavailable("VpcConfig"),
  };
}
