import { createHash } from "node:crypto";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  InvokeCommand,
  type LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  ResourceConflictException,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { ImError } from "../errors/im-error.js";
import type { Cloud, FunctionSpec, Invocation } from "../ports/cloud.js";

export interface LambdaCloudOptions {
  readonly client: LambdaClient;
  /** The zip that every function of this cloud runs. */
  readonly code: Buffer;
  /** ARN of the execution role; the embedded engine takes any. */
  readonly role?: string;
  readonly architecture?: "x86_64" | "arm64";
  /** Of the embedded engine. */
  readonly hasten?: (functionName: string, tenantId: string) => void;
}

const embeddedRole = "arn:aws:iam::000000000000:role/imaginary-machines";
const handler = "bootstrap";
const runtime = "provided.al2023";
/** Lambda's own bounds. */
const memoryMbMin = 128;
const memoryMbMax = 10_240;
const eventAgeSecondsMax = 60;
const settledWithinSeconds = 60;
/** Tags of this prefix are ours to remove. */
const tagPrefix = "im:";

/** Hosts in Lambda environments: one code path for the embedded engine and for AWS. */
export class LambdaCloudAdapter implements Cloud {
  readonly #options: LambdaCloudOptions;
  readonly #codeSha256: string;

  constructor(options: LambdaCloudOptions) {
    this.#options = options;
    this.#codeSha256 = createHash("sha256").update(options.code).digest("base64");
  }

  async ensureFunction(spec: FunctionSpec): Promise<void> {
    await orFail(`create the function ${spec.name}`, async () => {
      const existing = (await this.#find(spec.name)) ?? (await this.#create(spec));
      if (existing !== null) await this.#update(spec, existing);
      // A host's events are repeated by its supervisor, which knows what became of them.
      await this.#options.client.send(
        new PutFunctionEventInvokeConfigCommand({
          FunctionName: spec.name,
          MaximumRetryAttempts: 0,
          MaximumEventAgeInSeconds: eventAgeSecondsMax,
        }),
      );
    });
  }

  async deleteFunction(name: string): Promise<void> {
    await orFail(`delete the function ${name}`, async () => {
      try {
        await this.#options.client.send(new DeleteFunctionCommand({ FunctionName: name }));
      } catch (error) {
        // It is gone already, which is what was asked for.
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    });
  }

  async invoke({ functionName, tenantId, payload }: Invocation): Promise<void> {
    await orFail(`invoke ${functionName} for ${tenantId}`, () =>
      this.#options.client.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: "Event",
          TenantId: tenantId,
          Payload: Buffer.from(JSON.stringify(payload)),
        }),
      ),
    );
  }

  hasten(functionName: string, tenantId: string): void {
    this.#options.hasten?.(functionName, tenantId);
  }

  async #find(name: string): Promise<GetFunctionCommandOutput | null> {
    try {
      return await this.#options.client.send(new GetFunctionCommand({ FunctionName: name }));
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return null;
      throw error;
    }
  }

  /** null: created as specified. Else somebody else created it meanwhile. */
  async #create(spec: FunctionSpec): Promise<GetFunctionCommandOutput | null> {
    try {
      const created = await this.#options.client.send(new CreateFunctionCommand(this.#input(spec)));
      if (created.State !== "Active") {
        await waitUntilFunctionActiveV2(this.#waiting(), { FunctionName: spec.name });
      }
      return null;
    } catch (error) {
      if (!(error instanceof ResourceConflictException)) throw error;
      const existing = await this.#find(spec.name);
      if (existing === null) throw error;
      return existing;
    }
  }

  #input(spec: FunctionSpec): CreateFunctionCommandInput {
    return {
      ...settingsOf(spec),
      FunctionName: spec.name,
      Architectures: [this.#options.architecture ?? "x86_64"],
      Code: { ZipFile: this.#options.code },
      Handler: handler,
      PackageType: "Zip",
      Role: this.#options.role ?? embeddedRole,
      Runtime: runtime,
      Tags: { ...spec.tags },
      TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    };
  }

  async #update(spec: FunctionSpec, existing: GetFunctionCommandOutput): Promise<void> {
    const { client, code } = this.#options;
    const current = existing.Configuration ?? {};
    refuseForeign(spec, current);
    const name = { FunctionName: spec.name };
    if (current.CodeSha256 !== this.#codeSha256) {
      await client.send(new UpdateFunctionCodeCommand({ ...name, ZipFile: code }));
      await this.#updated(spec.name);
    }
    const settings = settingsOf(spec);
    const changed =
      current.MemorySize !== settings.MemorySize || current.Timeout !== settings.Timeout;
    if (changed) {
      await client.send(new UpdateFunctionConfigurationCommand({ ...name, ...settings }));
      await this.#updated(spec.name);
    }
    await this.#updateTags(spec, existing);
  }

  async #updateTags(spec: FunctionSpec, { Configuration, Tags }: GetFunctionCommandOutput) {
    const { client } = this.#options;
    const Resource = Configuration?.FunctionArn;
    const tags = Tags ?? {};
    const stale = Object.keys(tags).filter(
      (key) => key.startsWith(tagPrefix) && !(key in spec.tags),
    );
    const isNew = Object.entries(spec.tags).some(([key, value]) => tags[key] !== value);
    if (isNew) await client.send(new TagResourceCommand({ Resource, Tags: { ...spec.tags } }));
    if (stale.length > 0) await client.send(new UntagResourceCommand({ Resource, TagKeys: stale }));
  }

  /** AWS refuses a second update while the first is in progress. */
  async #updated(name: string): Promise<void> {
    await waitUntilFunctionUpdatedV2(this.#waiting(), { FunctionName: name });
  }

  #waiting() {
    return { client: this.#options.client, maxWaitTime: settledWithinSeconds, minDelay: 1 };
  }
}

function settingsOf({ memoryMb, timeoutSeconds }: FunctionSpec) {
  const MemorySize = Math.min(Math.max(memoryMb, memoryMbMin), memoryMbMax);
  return { MemorySize, Timeout: timeoutSeconds };
}

/** Tenancy is decided at creation: a function without it cannot carry hosts, and is not ours. */
function refuseForeign(spec: FunctionSpec, current: FunctionConfiguration): void {
  if (current.TenancyConfig?.TenantIsolationMode === "PER_TENANT") return;
  throw new ImError("IM_INVOKE_FAILED", {
    what: `the function ${spec.name} exists and was not made for hosts`,
    expected: "a function with tenant isolation",
    received: "a function without it",
    fix: "delete that function, or give the deployment another name",
  });
}

async function orFail(action: string, operation: () => Promise<unknown>): Promise<void> {
  try {
    await operation();
  } catch (error) {
    if (error instanceof ImError) throw error;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new ImError("IM_INVOKE_FAILED", {
      what: `the cloud refused to ${action}`,
      received: reason,
      cause: error,
    });
  }
}
