import { createHash } from "node:crypto";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  ListFunctionsCommand,
  PutFunctionEventInvokeConfigCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import test from "ava";
import { Agent, request } from "undici";
import { packFunction } from "../../platform/cloud/function-package.js";
import { EngineRig, fixtureCode, role } from "./engine-rig.js";

test("a function is created, read, listed and deleted", async (t) => {
  const rig = await EngineRig.start(t);
  const code = await fixtureCode();
  await rig.create("web", { Tags: { owner: "me" }, MemorySize: 512, Description: "d" });
  const found = await rig.client.send(new GetFunctionCommand({ FunctionName: "web" }));
  t.like(found, {
    Tags: { owner: "me" },
    Configuration: {
      FunctionName: "web",
      MemorySize: 512,
      Timeout: 30,
      Handler: "bootstrap",
      Runtime: "provided.al2023",
      State: "Active",
      LastUpdateStatus: "Successful",
      PackageType: "Zip",
      CodeSize: code.length,
      CodeSha256: createHash("sha256").update(code).digest("base64"),
      TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    },
  });
  t.regex(found.Configuration?.LastModified ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+\+0000$/);
  const arn = found.Configuration?.FunctionArn;
  const byArn = new GetFunctionConfigurationCommand({ FunctionName: arn });
  t.is((await rig.client.send(byArn)).FunctionName, "web");
  await rig.create("api");
  const page = await rig.client.send(new ListFunctionsCommand({ MaxItems: 1 }));
  t.deepEqual(
    page.Functions?.map(({ FunctionName }) => FunctionName),
    ["api"],
  );
  const rest = await rig.client.send(new ListFunctionsCommand({ Marker: page.NextMarker }));
  t.deepEqual(
    rest.Functions?.map(({ FunctionName }) => FunctionName),
    ["web"],
  );
  t.is(rest.NextMarker, undefined);
  await rig.client.send(new DeleteFunctionCommand({ FunctionName: "web" }));
  await t.throwsAsync(rig.client.send(new DeleteFunctionCommand({ FunctionName: "web" })), {
    name: "ResourceNotFoundException",
  });
});

test("new code is used from the next event on, and the old environment ends", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const before = await rig.invoke("web", "web-0", { action: "describe" });
  const ZipFile = await fixtureCode(2);
  await rig.client.send(new UpdateFunctionCodeCommand({ FunctionName: "web", ZipFile }));
  const after = await rig.invoke("web", "web-0", { action: "describe" });
  t.not(rootOf(before.payload), rootOf(after.payload));
  t.like(await rig.endings(1), [{ functionName: "web", reason: "retired" }]);
});

test("a changed timeout leaves environments alone, a changed variable does not", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await rig.invoke("web", "web-0", { action: "echo" });
  const FunctionName = "web";
  await rig.client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 5 }));
  t.is(rig.engine.environments().length, 1);
  const Environment = { Variables: { COLOUR: "red" } };
  await rig.client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }));
  await rig.endings(1);
  const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
  t.like(payload, { variables: { COLOUR: "red" } });
});

test("repetitions are limited by the event-invoke configuration", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const FunctionName = "web";
  await rig.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    }),
  );
  t.like(await rig.client.send(new GetFunctionEventInvokeConfigCommand({ FunctionName })), {
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
  await rig.send("web", "web-0", { action: "fail" });
  const log = await rig.lines(rig.path("state/engine.log"), 2);
  t.regex(log[1] ?? "", /^DROP /);
});

test("tags are added and removed", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Tags: { a: "1" } });
  const found = await rig.client.send(new GetFunctionCommand({ FunctionName: "web" }));
  const Resource = found.Configuration?.FunctionArn;
  await rig.client.send(new TagResourceCommand({ Resource, Tags: { b: "2" } }));
  await rig.client.send(new UntagResourceCommand({ Resource, TagKeys: ["a"] }));
  const after = await rig.client.send(new GetFunctionCommand({ FunctionName: "web" }));
  t.deepEqual(after.Tags, { b: "2" });
});

test("a name that is taken, or that nobody has, is refused", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await t.throwsAsync(rig.create("web"), { name: "ResourceConflictException" });
  await t.throwsAsync(rig.invoke("nobody", "a", {}), {
    name: "ResourceNotFoundException",
    message: /Function not found: arn:aws:lambda:\S+:function:nobody/,
  });
});

const wrongInputs: readonly [string, Partial<CreateFunctionCommandInput>, RegExp][] = [
  ["a runtime that is not here", { Runtime: "nodejs20.x" }, /enum value set: \[provided/],
  [
    "a timeout beyond the limit",
    { Timeout: 901 },
    /'901' at 'timeout'.* less than or equal to 900/,
  ],
  ["too little memory", { MemorySize: 64 }, /'64' at 'memorySize'.* greater than or equal to 128/],
  ["a reserved variable", { Environment: { Variables: { AWS_REGION: "x" } } }, /reserved/],
  ["no role", { Role: "me" }, /'me' at 'role'/],
  ["a name with a space", { FunctionName: "a b" }, /functionName/],
  ["a zip that is none", { Code: { ZipFile: Buffer.from("PK garbage") } }, /Could not unzip/],
];
for (const [title, input, message] of wrongInputs) {
  test(`creation with ${title} is refused`, async (t) => {
    const rig = await EngineRig.start(t);
    await t.throwsAsync(rig.create("web", input), {
      name: "InvalidParameterValueException",
      message,
    });
    t.deepEqual((await rig.client.send(new ListFunctionsCommand({}))).Functions, []);
  });
}

test("a zip whose entry leads out of the directory is refused", async (t) => {
  const rig = await EngineRig.start(t);
  const content = Buffer.from("x");
  const zip = await packFunction([{ path: "aa/evil", content, executable: false }]);
  // The packer refuses such a name itself.
  const ZipFile = Buffer.from(zip.toString("latin1").replaceAll("aa/evil", "../evil"), "latin1");
  await t.throwsAsync(rig.create("web", { Code: { ZipFile } }), {
    name: "InvalidParameterValueException",
    message: /invalid relative path/,
  });
});

test("a tenant must be named exactly where the function has tenants", async (t) => {
  const rig = await EngineRig.start(t);
  const Code = { ZipFile: await fixtureCode() };
  const plain = { Code, Handler: "h", Role: role, Runtime: "provided.al2023" } as const;
  await rig.client.send(new CreateFunctionCommand({ FunctionName: "plain", ...plain }));
  await rig.create("web");
  t.deepEqual((await rig.invoke("plain", undefined, { action: "echo" })).payload, {
    action: "echo",
  });
  for (const [name, tenant] of [
    ["web", undefined],
    ["plain", "a"],
    ["web", "a$b"],
  ] as const) {
    await t.throwsAsync(rig.invoke(name, tenant, {}), { name: "InvalidParameterValueException" });
  }
});

test("a payload that is no JSON or too large is refused", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await t.throwsAsync(rig.invoke("web", "a", "{nonsense"), {
    name: "InvalidRequestContentException",
  });
  const large = "x".repeat(1024 * 1024);
  await t.throwsAsync(rig.send("web", "a", large), { name: "RequestTooLargeException" });
  await t.throwsAsync(rig.invoke("web", "a", `"${large.repeat(6)}"`), {
    name: "RequestTooLargeException",
  });
  const DryRun = { FunctionName: "web", TenantId: "a", InvocationType: "DryRun" } as const;
  t.is((await rig.client.send(new InvokeCommand(DryRun))).StatusCode, 204);
});

test("errors have AWS's header and body", async (t) => {
  const rig = await EngineRig.start(t);
  const dispatcher = new Agent({ connect: { socketPath: rig.socketPath } });
  t.teardown(() => dispatcher.close());
  const cases = [
    ["GET", "/2015-03-31/functions/nobody", 404, "ResourceNotFoundException", "Message"],
    ["POST", "/2015-03-31/functions", 400, "InvalidParameterValueException", "message"],
    ["GET", "/elsewhere", 404, "UnknownOperationException", null],
  ] as const;
  for (const [method, path, status, name, member] of cases) {
    const options = { method, dispatcher, ...(method === "POST" ? { body: "{" } : {}) };
    const { statusCode, headers, body } = await request(`http://lambda${path}`, options);
    t.is(statusCode, status);
    t.is(headers["x-amzn-errortype"], name);
    t.regex(String(headers["x-amzn-requestid"]), /^[0-9a-f-]{36}$/);
    const json = (await body.json()) as Record<string, string>;
    t.deepEqual(Object.keys(json), member === null ? ["message"] : ["Type", member]);
  }
});

function rootOf(payload: unknown): string | undefined {
  return (payload as { variables: Record<string, string> }).variables["LAMBDA_TASK_ROOT"];
}
