import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import test, { type ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { fixtureCode, role } from "../engine/engine-rig.js";
import { credentials, region, startEndpoint, temporaryDirectory } from "./endpoint-rig.js";

const cloud = fileURLToPath(new URL("../../scripts/cloud.js", import.meta.url));
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

function lambdaClient(t: ExecutionContext, endpoint: string, known = credentials): LambdaClient {
  const client = new LambdaClient({ endpoint, region, credentials: known, maxAttempts: 1 });
  t.teardown(() => client.destroy());
  return client;
}

test("the endpoint answers whoever signs with its credentials, and nobody else", async (t) => {
  const { endpoint } = await startEndpoint(t);
  t.regex(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
  const list = new ListFunctionsCommand({ Marker: "ä b/c+d", MaxItems: 5 });
  t.deepEqual((await lambdaClient(t, endpoint).send(list)).Functions, []);
  const wrong = { ...credentials, secretAccessKey: "wrong" };
  await t.throwsAsync(lambdaClient(t, endpoint, wrong).send(list), {
    name: "InvalidSignatureException",
  });
  for (const path of ["/2015-03-31/functions", "/elsewhere"]) {
    const { status, headers } = await fetch(endpoint + path);
    t.is(status, 403);
    t.is(headers.get("x-amzn-errortype"), "MissingAuthenticationTokenException");
  }
});

test("an unknown key is refused before the body has come", async (t) => {
  const { endpoint } = await startEndpoint(t);
  const credential = `AKIDOTHER/20260101/${region}/lambda/aws4_request`;
  const signed = `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;
  const sent = request(`${endpoint}/2015-03-31/functions`, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, ${signed}`,
      "x-amz-date": "20260101T000000Z",
      "content-length": 60_000_000,
    },
  });
  t.teardown(() => sent.destroy());
  sent.on("error", () => t.log("the connection is cut, as the body is not wanted"));
  sent.write("{");
  const [answer] = await once(sent, "response");
  t.is(answer.statusCode, 403);
});

test("a port that is taken is named", async (t) => {
  const { endpoint } = await startEndpoint(t);
  const port = Number(new URL(endpoint).port);
  await t.throwsAsync(startEndpoint(t, { port }), { code: "IM_PORT_TAKEN" });
});

test("a function settles before it can be used or changed again", async (t) => {
  let offsetMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + offsetMs };
  const { endpoint } = await startEndpoint(t, { settleMs: 3_600_000, clock });
  const client = lambdaClient(t, endpoint);
  const name = { FunctionName: "web" };
  const read = new GetFunctionConfigurationCommand(name);
  const update = new UpdateFunctionConfigurationCommand({ ...name, Timeout: 4 });
  const made = await client.send(
    new CreateFunctionCommand({
      ...name,
      Code: { ZipFile: await fixtureCode() },
      Handler: "bootstrap",
      Role: role,
      Runtime: "provided.al2023",
    }),
  );
  t.like(made, { State: "Pending", StateReasonCode: "Creating" });
  const conflict = { name: "ResourceConflictException" };
  const dryRun = new InvokeCommand({ ...name, InvocationType: "DryRun" });
  await t.throwsAsync(client.send(dryRun), { ...conflict, message: /state: Pending/ });
  await t.throwsAsync(client.send(update), conflict);
  offsetMs += 3_600_000;
  t.like(await client.send(read), { State: "Active", LastUpdateStatus: "Successful" });
  t.like(await client.send(update), { State: "Active", LastUpdateStatus: "InProgress" });
  await t.throwsAsync(client.send(update), { ...conflict, message: /update is in progress/ });
  t.is((await client.send(dryRun)).StatusCode, 204);
  offsetMs += 3_600_000;
  t.like(await client.send(update), { Timeout: 4 });
});

test("npm run cloud serves Lambda and DynamoDB to whom it gave credentials", async (t) => {
  const directory = temporaryDirectory(t);
  const temporary = join(directory, "tmp");
  mkdirSync(temporary);
  const child = spawn(process.execPath, [cloud], {
    env: { PATH: process.env["PATH"], TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  const variables = await exportsOf(child.stdout, 6);
  const given = {
    accessKeyId: variables["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  const lambda = variables["AWS_ENDPOINT_URL_LAMBDA"] ?? "";
  const endpoint = variables["AWS_ENDPOINT_URL_DYNAMODB"] ?? "";
  const functions = await sendAs(given, lambda, t);
  t.deepEqual(functions, []);
  t.deepEqual(await tablesAs(given, endpoint), []);
  const wrong = { ...given, secretAccessKey: "wrong" };
  await t.throwsAsync(tablesAs(wrong, endpoint), { name: "InvalidSignatureException" });
  const other = { ...given, accessKeyId: "AKIDOTHER" };
  await t.throwsAsync(tablesAs(other, endpoint), { name: "UnrecognizedClientException" });
  child.kill("SIGTERM");
  t.deepEqual(await once(child, "exit"), [0, null]);
  t.deepEqual(readdirSync(temporary), []);
});

async function sendAs(known: typeof credentials, endpoint: string, t: ExecutionContext) {
  const client = lambdaClient(t, endpoint, known);
  return (await client.send(new ListFunctionsCommand({}))).Functions;
}

async function tablesAs(known: typeof credentials, endpoint: string) {
  const client = new DynamoDBClient({ endpoint, region, credentials: known, maxAttempts: 1 });
  try {
    return (await client.send(new ListTablesCommand({}))).TableNames;
  } finally {
    client.destroy();
  }
}

async function exportsOf(output: NodeJS.ReadableStream, count: number) {
  const variables: Record<string, string> = {};
  for await (const line of createInterface({ input: output })) {
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) variables[name] = value;
    if (Object.keys(variables).length === count) break;
  }
  return variables;
}
