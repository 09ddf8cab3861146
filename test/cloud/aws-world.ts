/** An AWS of a test's own: the engine on TCP with signatures, a table beside it, an IM_HOME. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LambdaClient } from "@aws-sdk/client-lambda";
import type { ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { systemRandom } from "../../platform/daemon/system-random-adapter.js";
import { startDynamoDbEndpoint } from "../../simulator/dynamodb/endpoint.js";
import { startDynamoDb } from "../../simulator/dynamodb/start-dynamodb.js";
import { type LambdaEndpoint, startLambdaEndpoint } from "../../simulator/lambda/endpoint.js";
import type { LambdaEngineOptions } from "../../simulator/lambda/engine.js";
import { callIm, type Outcome } from "../fixtures/daemon/fake-daemon-process.js";
import { silentLog } from "../fixtures/daemon/silent-log.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";
import { openRecordingProxy, type RecordingProxy } from "./recording-proxy.js";

export const role = "arn:aws:iam::000000000000:role/shop";
export const region = "eu-central-1";
const reading = /:(?:Get|List|Describe)/;
const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };

export interface AwsWorld {
  /** Of the manifests and the guests' directories. */
  readonly directory: string;
  readonly home: string;
  readonly client: LambdaClient;
  readonly endpoint: LambdaEndpoint;
  readonly lambda: RecordingProxy;
  readonly dynamoDb: RecordingProxy;
  /** IAM's names of all that `im` has called. */
  actions(): readonly string[];
  /** The same, without what only reads. */
  changes(): readonly string[];
  /** Forgets them. */
  clear(): void;
  /** Writes a file below the directory; returns its path. */
  write(path: string, text: string): string;
  /** `im` as a user with credentials for this AWS calls it. */
  im(words: readonly string[], variables?: NodeJS.ProcessEnv): Promise<Outcome>;
}

// The SDK warns of Node 20 when a client is created.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

/** Nothing of the machine's own AWS set-up is found. */
export const withoutAws: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: "",
  AWS_SECRET_ACCESS_KEY: "",
  AWS_SESSION_TOKEN: "",
  AWS_REGION: "",
  AWS_PROFILE: "",
  AWS_CONFIG_FILE: "/nonexistent",
  AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
  AWS_EC2_METADATA_DISABLED: "true",
  IM_AWS_ROLE: "",
};

export async function openAwsWorld(
  t: ExecutionContext,
  options: Partial<LambdaEngineOptions> = {},
): Promise<AwsWorld> {
  const directory = mkdtempSync(join(tmpdir(), "im-aws-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const { home } = temporaryConfiguration(t);
  const endpoint = await startLambdaEndpoint({
    port: 0,
    credentials,
    region,
    clock: systemClock,
    log: silentLog,
    hostEnvironment: { PATH: process.env["PATH"], HOME: directory },
    sparesMax: 0,
    ...options,
  });
  t.teardown(() => endpoint.close());
  const lambda = await proxied(t, endpoint.endpoint);
  const dynamoDb = await proxied(t, await openTables(t, directory));
  const client = new LambdaClient({ endpoint: endpoint.endpoint, region, credentials });
  t.teardown(() => client.destroy());
  const own = {
    ...withoutAws,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
  };
  const actions = () => [...lambda.actions, ...dynamoDb.actions];
  return {
    ...{ directory, home, client, endpoint, lambda, dynamoDb },
    actions,
    changes: () => actions().filter((action) => !reading.test(action)),
    clear() {
      for (const proxy of [lambda, dynamoDb]) proxy.actions.length = 0;
    },
    write(path, text) {
      const file = join(directory, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
    im: (words, variables = {}) => callIm(words, { home, variables: { ...own, ...variables } }),
  };
}

async function proxied(t: ExecutionContext, upstream: string): Promise<RecordingProxy> {
  const proxy = await openRecordingProxy(upstream);
  t.teardown(() => proxy.close());
  return proxy;
}

async function openTables(t: ExecutionContext, directory: string): Promise<string> {
  const socketPath = join(directory, "db.sock");
  const parts = { clock: systemClock, log: silentLog };
  const table = join(directory, "tables");
  const random = systemRandom;
  const embedded = await startDynamoDb({ ...parts, directory: table, socketPath, random });
  t.teardown(() => embedded.close());
  const options = { ...parts, port: 0, credentials, region, socketPath };
  const { endpoint, close } = await startDynamoDbEndpoint(options);
  t.teardown(close);
  return endpoint;
}
