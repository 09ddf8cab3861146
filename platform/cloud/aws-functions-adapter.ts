/** Functions of hosts on AWS: read, created, brought in line one difference at a time. */
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionRecursionConfigCommand,
  type LambdaClient,
  ListFunctionsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  PutFunctionRecursionConfigCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { onAws } from "./aws-error.js";
import {
  changesOf,
  type ExistingFunction,
  eventInvoke,
  type FunctionChange,
  type HostFunction,
  recursiveLoop,
  refuseForeign,
  settingsOf,
  tagsOf,
} from "./host-function.js";

/** AWS says seconds; a first image of a package may take longer. */
const settledWithinSeconds = 300;

export class AwsFunctions {
  constructor(private readonly client: LambdaClient) {}

  /** Of all functions of account and region whose names begin so. */
  names(prefix: string): Promise<readonly string[]> {
    return onAws("list its functions", async () => {
      const names: string[] = [];
      let marker: string | undefined;
      do {
        const page = await this.client.send(new ListFunctionsCommand({ Marker: marker }));
        names.push(...(page.Functions ?? []).map(({ FunctionName = "" }) => FunctionName));
        marker = page.NextMarker;
      } while (marker !== undefined && marker !== "");
      return names.filter((name) => name.startsWith(prefix));
    });
  }

  /** null: there is none. */
  read(name: string): Promise<ExistingFunction | null> {
    return onAws(`describe the function ${name}`, async () => {
      const found = await orNull(this.client.send(new GetFunctionCommand({ FunctionName: name })));
      return found === null ? null : await this.#complete(found);
    });
  }

  /** Resolves when the function is as wanted and can be invoked. */
  async ensure(wanted: HostFunction): Promise<void> {
    const existing = (await this.read(wanted.name)) ?? (await this.#create(wanted));
    refuseForeign(wanted.deployment, existing);
    for (const change of changesOf(wanted, existing)) {
      await onAws(`update ${change} of the function ${wanted.name}`, () =>
        this.#make(change, wanted, existing),
      );
    }
  }

  /** A function that is not there is no error. */
  async delete(name: string): Promise<void> {
    await onAws(`delete the function ${name}`, () =>
      orNull(this.client.send(new DeleteFunctionCommand({ FunctionName: name }))),
    );
  }

  async #complete({ Configuration, Tags, Concurrency }: GetFunctionCommandOutput) {
    const FunctionName = Configuration?.FunctionName;
    const [events, recursion] = await Promise.all([
      orNull(this.client.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }))),
      this.client.send(new GetFunctionRecursionConfigCommand({ FunctionName })),
    ]);
    return {
      configuration: Configuration ?? {},
      tags: Tags ?? {},
      reservedConcurrency: Concurrency?.ReservedConcurrentExecutions ?? null,
      eventRetriesMax: events?.MaximumRetryAttempts ?? null,
      eventAgeSecondsMax: events?.MaximumEventAgeInSeconds ?? null,
      recursiveLoop: recursion.RecursiveLoop ?? "Terminate",
    };
  }

  async #create(wanted: HostFunction): Promise<ExistingFunction> {
    const { name } = wanted;
    return await onAws(`create the function ${name}`, async () => {
      await this.client.send(
        new CreateFunctionCommand({
          ...settingsOf(wanted),
          FunctionName: name,
          Architectures: [wanted.architecture],
          Code: { ZipFile: wanted.package.zip },
          PackageType: "Zip",
          Tags: tagsOf(wanted),
          TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
        }),
      );
      await waitUntilFunctionActiveV2(this.#waiting(), { FunctionName: name });
      const created = new GetFunctionCommand({ FunctionName: name });
      return await this.#complete(await this.client.send(created));
    });
  }

  async #make(change: FunctionChange, wanted: HostFunction, existing: ExistingFunction) {
    const { client } = this;
    const name = { FunctionName: wanted.name };
    switch (change) {
      case "code": {
        const Architectures = [wanted.architecture];
        const ZipFile = wanted.package.zip;
        await this.#settled(wanted.name);
        await client.send(new UpdateFunctionCodeCommand({ ...name, Architectures, ZipFile }));
        return await this.#settled(wanted.name);
      }
      case "configuration":
        await this.#settled(wanted.name);
        await client.send(
          new UpdateFunctionConfigurationCommand({ ...name, ...settingsOf(wanted) }),
        );
        return await this.#settled(wanted.name);
      case "tags": {
        const Resource = existing.configuration.FunctionArn;
        return await client.send(new TagResourceCommand({ Resource, Tags: tagsOf(wanted) }));
      }
      case "event-invoke":
        return await client.send(
          new PutFunctionEventInvokeConfigCommand({ ...name, ...eventInvoke }),
        );
      case "recursion":
        return await client.send(
          new PutFunctionRecursionConfigCommand({ ...name, RecursiveLoop: recursiveLoop }),
        );
      case "concurrency":
        return await this.#reserve(wanted);
      default:
        return change satisfies never;
    }
  }

  async #reserve({ name, reservedConcurrency }: HostFunction): Promise<void> {
    const [FunctionName, ReservedConcurrentExecutions] = [name, reservedConcurrency];
    if (ReservedConcurrentExecutions === null) {
      await this.client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
      return;
    }
    const put = { FunctionName, ReservedConcurrentExecutions };
    await this.client.send(new PutFunctionConcurrencyCommand(put));
  }

  /** AWS refuses an update while another, an earlier deploy's too, is in progress. */
  async #settled(name: string): Promise<void> {
    await waitUntilFunctionUpdatedV2(this.#waiting(), { FunctionName: name });
  }

  #waiting() {
    return { client: this.client, maxWaitTime: settledWithinSeconds, minDelay: 1 };
  }
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
}
