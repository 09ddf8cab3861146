/**
 * The embedded cloud alone, for any client of AWS's: `npm run cloud`. Lambda and DynamoDB on
 * 127.0.0.1, until SIGINT or SIGTERM; what it prints sets a shell up for them.
 */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { destination, pino } from "pino";
import { reportError } from "../platform/cli/report-error.js";
import { systemClock } from "../platform/daemon/system-clock-adapter.js";
import { systemRandom } from "../platform/daemon/system-random-adapter.js";
import { startDynamoDbEndpoint } from "../simulator/dynamodb/endpoint.js";
import { startDynamoDb } from "../simulator/dynamodb/start-dynamodb.js";
import { startLambdaEndpoint } from "../simulator/lambda/endpoint.js";
import type { Credentials } from "../simulator/signature/signature-check.js";

interface Options {
  readonly lambdaPort: number;
  readonly dynamodbPort: number;
  readonly region: string;
  readonly directory?: string;
}

// Standard output is for the shell.
const log = pino({ level: "warn" }, destination(2));

async function serve(options: Options): Promise<void> {
  // One that comes while it starts is not lost, nor is what was started by then.
  const ending = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const temporary = mkdtempSync(join(tmpdir(), "im-cloud-"));
  const closers: (() => Promise<void>)[] = [];
  try {
    const variables = await start(options, temporary, closers);
    for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${value}`);
    await ending;
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Resolves with what a shell needs to use it; `closers` gets what ends it, in order of start. */
async function start(
  { region, lambdaPort, dynamodbPort, directory: kept }: Options,
  temporary: string,
  closers: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  const given = givenCredentials();
  const credentials = given ?? { accessKeyId: "imaginary", secretAccessKey: systemRandom.id() };
  const shared = { credentials, region, clock: systemClock, log };
  const directory = kept === undefined ? temporary : resolve(kept);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const socketPath = join(temporary, "dynamodb.sock");
  const database = await startDynamoDb({
    ...shared,
    directory: join(directory, "dynamodb"),
    socketPath,
    random: systemRandom,
  });
  closers.push(() => database.close());
  const dynamodb = await startDynamoDbEndpoint({ ...shared, port: dynamodbPort, socketPath });
  closers.push(() => dynamodb.close());
  const lambda = await startLambdaEndpoint({
    ...shared,
    port: lambdaPort,
    directory: join(directory, "lambda"),
    hostEnvironment: process.env,
  });
  closers.push(() => lambda.close());
  const { accessKeyId, secretAccessKey } = credentials;
  const made = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return {
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    AWS_REGION: region,
    // The name that botocore, and with it the `aws` command, goes by.
    AWS_DEFAULT_REGION: region,
    // What the user has set is not shown.
    ...(given === null ? made : {}),
  };
}

function givenCredentials(): Credentials | null {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = process.env["AWS_SESSION_TOKEN"];
  if (accessKeyId === undefined || secretAccessKey === undefined) return null;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 0 to 65535; 0: any that is free.");
}

const program = new Command("cloud")
  .description("serves Lambda and DynamoDB on 127.0.0.1 to whoever signs with the credentials")
  .option("--lambda-port <port>", "of Lambda", portOf, 0)
  .option("--dynamodb-port <port>", "of DynamoDB", portOf, 0)
  .option("--region <region>", "as in ARNs and signatures", "us-east-1")
  .option("--directory <path>", "of state that is kept (default: a temporary one)")
  .addHelpText(
    "after",
    "\nAWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used where they are set.",
  )
  .exitOverride()
  .configureOutput({ writeErr: () => undefined })
  .action(serve);

try {
  await program.parseAsync();
} catch (error) {
  const { text, exitCode } = reportError(error, false);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
