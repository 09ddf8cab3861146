import { z } from "zod";
import { absent, architectures, settings, tags, unavailable } from "./function-settings.js";

const noBucket =
  "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified " +
  "bucket does not exist";

/** Code comes as a zip in the request: there is no S3 here, and no registry of images. */
const source = {
  ZipFile: z
    .base64()
    .transform((text) => Buffer.from(text, "base64"))
    .optional(),
  S3Bucket: absent(noBucket),
  S3Key: absent(noBucket),
  S3ObjectVersion: absent(noBucket),
  S3ObjectStorageMode: absent(noBucket),
  ImageUri: unavailable("ImageUri"),
  SourceKMSKeyArn: unavailable("SourceKMSKeyArn"),
};
const noSource = "Please provide a source for function code.";

/** Functions have one version here. */
const publication = { Publish: unavailable("Publish"), PublishTo: unavailable("PublishTo") };

export function createRequest(timeoutSecondsMax: number) {
  const shared = settings(timeoutSecondsMax);
  return z
    .object({
      ...shared,
      ...publication,
      FunctionName: z.string().min(1),
      Role: shared.Role.unwrap(),
      Code: z.object(source).transform(({ ZipFile }, context) => {
        if (ZipFile !== undefined) return ZipFile;
        context.addIssue({ code: "custom", message: noSource });
        return z.NEVER;
      }),
      Architectures: architectures.optional(),
      CodeSigningConfigArn: absent("CodeSigningConfigArn is not available here: leave it out"),
      PackageType: z.literal("Zip").optional(),
      Tags: tags.optional(),
      TenancyConfig: z.object({ TenantIsolationMode: z.literal("PER_TENANT") }).optional(),
    })
    .transform((request, context) => {
      const { Handler, Runtime } = request;
      if (Handler !== undefined && Runtime !== undefined) return { ...request, Handler, Runtime };
      const mandatory = "Runtime and Handler are mandatory parameters for functions created with";
      context.addIssue({ code: "custom", message: `${mandatory} deployment packages.` });
      return z.NEVER;
    });
}
export type CreateRequest = z.infer<ReturnType<typeof createRequest>>;

export function updateConfigurationRequest(timeoutSecondsMax: number) {
  return z.object({ ...settings(timeoutSecondsMax), RevisionId: z.string().optional() });
}
export type UpdateConfigurationRequest = z.infer<ReturnType<typeof updateConfigurationRequest>>;

export const updateCodeRequest = z
  .object({
    ...source,
    ...publication,
    Architectures: architectures.optional(),
    DryRun: z.boolean().optional(),
    RevisionId: z.string().optional(),
  })
  .transform((request, context) => {
    const { ZipFile } = request;
    if (ZipFile !== undefined) return { ...request, ZipFile };
    context.addIssue({ code: "custom", message: noSource });
    return z.NEVER;
  });
export type UpdateCodeRequest = z.infer<typeof updateCodeRequest>;

/** There is no service here that a result could be sent to. */
const destination = z.object({ Destination: unavailable("Destination") }).optional();

export const eventInvokeRequest = z.object({
  MaximumRetryAttempts: z.int().min(0).max(2).optional(),
  MaximumEventAgeInSeconds: z.int().min(60).max(21_600).optional(),
  DestinationConfig: z.object({ OnSuccess: destination, OnFailure: destination }).optional(),
});
export type EventInvokeRequest = z.infer<typeof eventInvokeRequest>;

export const tagRequest = z.object({ Tags: tags });

export const concurrencyRequest = z.object({ ReservedConcurrentExecutions: z.int().min(0) });

export const recursionRequest = z.object({ RecursiveLoop: z.enum(["Allow", "Terminate"]) });

export const qualifierQuery = z.object({
  Qualifier: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[a-zA-Z0-9$_-]+$/)
    .optional(),
});

export const listQuery = z.object({
  Marker: z.string().optional(),
  MaxItems: maxItems(10_000),
  FunctionVersion: z.literal("ALL").optional(),
  MasterRegion: z
    .string()
    .regex(/^(ALL|[a-z]{2}(-gov)?-[a-z]+-\d{1})$/)
    .optional(),
});

export const eventInvokeListQuery = z.object({
  Marker: z.string().optional(),
  MaxItems: maxItems(50),
});

export const untagQuery = z.object({
  tagKeys: z.union([z.string().transform((key) => [key]), z.array(z.string())]),
});

function maxItems(most: number) {
  return z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(most)).optional();
}
