/** What AWS refuses beyond the constraints of its model, which test/aws-model walks. */
import { readFileSync, writeFileSync } from "node:fs";
import {
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionRecursionConfigCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  PutFunctionRecursionConfigCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import test from "ava";
import { packFunction } from "../../platform/cloud/function-package.js";
import { EngineRig, fixtureCode } from "./engine-rig.js";

const invalid = "InvalidParameterValueException";
const notFound = "ResourceNotFoundException";
const arn = "arn:aws:lambda:us-east-1:000000000000:function:web";
const FunctionName = "web";

const tooMuch: readonly [string, Partial<CreateFunctionCommandInput>, RegExp][] = [
  [
    "more than 4 KB of variables",
    { Environment: { Variables: { LONG: "x".repeat(4086) } } },
    /exceeded the 4KB limit/,
  ],
  [
    "more than 50 tags",
    { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, "v"])) },
    /more than 50/,
  ],
  ["a tag of AWS's", { Tags: { "aws:a": "b" } }, /aws: prefixed/],
  ["a name of more than 64 characters", { FunctionName: "a".repeat(65) }, /equal to 64/],
  ["no code", { Code: {} }, /provide a source/],
  ["code in a bucket", { Code: { S3Bucket: "bucket", S3Key: "key" } }, /NoSuchBucket/],
  ["no runtime", { Runtime: undefined }, /Runtime and Handler are mandatory/],
  ["a version to be published", { Publish: true }, /Publish is not available/],
  ["logs in JSON", { LoggingConfig: { LogFormat: "JSON" } }, /logFormat/],
];
for (const [title, input, message] of tooMuch) {
  test(`creation with ${title} is refused`, async (t) => {
    const rig = await EngineRig.start(t);
    await t.throwsAsync(rig.create("web", input), { name: invalid, message });
  });
}

test("what is just within the limits is accepted and given back", async (t) => {
  const rig = await EngineRig.start(t);
  const Variables = { LONG: "x".repeat(4085) };
  await rig.create("a".repeat(64), {
    Environment: { Variables },
    Timeout: 900,
    MemorySize: 10_240,
    EphemeralStorage: { Size: 10_240 },
    TracingConfig: { Mode: "Active" },
    LoggingConfig: { LogFormat: "Text", LogGroup: "/my/group" },
    Architectures: ["arm64"],
    PackageType: "Zip",
    Publish: false,
    VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
    SnapStart: { ApplyOn: "None" },
  });
  const read = new GetFunctionConfigurationCommand({ FunctionName: "a".repeat(64) });
  t.like(await rig.client.send(read), {
    Environment: { Variables },
    Timeout: 900,
    EphemeralStorage: { Size: 10_240 },
    TracingConfig: { Mode: "Active" },
    LoggingConfig: { LogFormat: "Text", LogGroup: "/my/group" },
    Architectures: ["arm64"],
  });
});

test("a zip of more than 50 MB is refused", async (t) => {
  const rig = await EngineRig.start(t);
  const large = { Code: { ZipFile: Buffer.alloc(52_428_801) } };
  await t.throwsAsync(rig.create("web", large), {
    name: invalid,
    message: "Zipped size must be smaller than 52428800 bytes",
  });
});

test("a zip that unpacks to more than 250 MB is refused before it is unpacked", async (t) => {
  const rig = await EngineRig.start(t);
  const content = Buffer.from("x");
  const zip = await packFunction([{ path: "bootstrap", content, executable: true }]);
  const entry = zip.indexOf(Buffer.from("PK\u0001\u0002", "latin1"));
  zip.writeUInt32LE(262_144_001, entry + 24);
  await t.throwsAsync(rig.create("web", { Code: { ZipFile: zip } }), {
    name: invalid,
    message: "Unzipped size must be smaller than 262144000 bytes",
  });
});

const names: readonly (readonly [string, string | undefined, string | null])[] = [
  ["web", undefined, null],
  ["web", "$LATEST", null],
  ["web:$LATEST", undefined, null],
  ["web:$LATEST", "$LATEST", null],
  ["function:web", undefined, null],
  ["000000000000:function:web", undefined, null],
  ["us-east-1:000000000000:function:web", undefined, null],
  [arn, undefined, null],
  [`${arn}:$LATEST`, undefined, null],
  ["web:1", undefined, notFound],
  ["web", "alias", notFound],
  ["web.b", undefined, notFound],
  [arn.replace("us-east-1", "eu-west-1"), undefined, notFound],
  ["123456789012:function:web", undefined, notFound],
  ["web:1", "$LATEST", invalid],
  ["a b", undefined, invalid],
  ["a".repeat(171), undefined, invalid],
];
for (const [name, Qualifier, refusal] of names) {
  const which = Qualifier === undefined ? name : `${name} with the qualifier ${Qualifier}`;
  const outcome = refusal === null ? "names the function" : `is refused with ${refusal}`;
  test(`${which.slice(0, 80)} ${outcome}`, async (t) => {
    const rig = await EngineRig.start(t);
    await rig.create("web");
    const read = new GetFunctionCommand({ FunctionName: name, Qualifier });
    if (refusal === null) {
      t.is((await rig.client.send(read)).Configuration?.FunctionArn, arn);
    } else await t.throwsAsync(rig.client.send(read), { name: refusal });
  });
}

test("a page has 50 functions at most, and versions are named when asked for", async (t) => {
  const rig = await EngineRig.start(t);
  for (let number = 10; number < 61; number += 1) await rig.create(`f${number}`);
  const page = await rig.client.send(new ListFunctionsCommand({ MaxItems: 1000 }));
  t.is(page.Functions?.length, 50);
  const Marker = page.NextMarker;
  const rest = await rig.client.send(new ListFunctionsCommand({ Marker, FunctionVersion: "ALL" }));
  t.deepEqual(
    rest.Functions?.map(({ FunctionArn }) => FunctionArn?.split(":").slice(-2)),
    [["f60", "$LATEST"]],
  );
  const elsewhere = new ListFunctionsCommand({ MasterRegion: "eu-west-1", FunctionVersion: "ALL" });
  t.deepEqual((await rig.client.send(elsewhere)).Functions, []);
});

test("a reservation leaves the account 100, and is given back", async (t) => {
  const rig = await EngineRig.start(t, { concurrencyMax: 1000 });
  await rig.create("web");
  await rig.create("api");
  const reserve = (name: string, ReservedConcurrentExecutions: number) =>
    rig.client.send(
      new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions }),
    );
  await reserve("api", 500);
  await t.throwsAsync(reserve("web", 401), { name: invalid, message: /minimum value of \[100\]/ });
  t.is((await reserve("web", 400)).ReservedConcurrentExecutions, 400);
  await rig.engine.close();
  await rig.restart();
  const settings = await rig.client.send(new GetAccountSettingsCommand({}));
  t.like(settings.AccountLimit, {
    ConcurrentExecutions: 1000,
    UnreservedConcurrentExecutions: 100,
  });
  await rig.client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const left = await rig.client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
  t.is(left.ReservedConcurrentExecutions, undefined);
});

test("the record of a function from an earlier version is read", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  await rig.engine.close();
  const file = rig.path("state/functions/web.json");
  const record: Record<string, unknown> = JSON.parse(readFileSync(file, "utf8"));
  for (const added of [
    "ephemeralStorageMb",
    "tracingMode",
    "logGroup",
    "reservedConcurrency",
    "recursiveLoop",
  ]) {
    t.true(Reflect.deleteProperty(record, added));
  }
  writeFileSync(file, JSON.stringify(record));
  await rig.restart();
  t.like(await rig.client.send(new GetFunctionConfigurationCommand({ FunctionName })), {
    EphemeralStorage: { Size: 512 },
    TracingConfig: { Mode: "PassThrough" },
    LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/web" },
  });
});

test("loops end unless a function allows them", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const read = new GetFunctionRecursionConfigCommand({ FunctionName });
  t.is((await rig.client.send(read)).RecursiveLoop, "Terminate");
  const RecursiveLoop = "Allow";
  await rig.client.send(new PutFunctionRecursionConfigCommand({ FunctionName, RecursiveLoop }));
  t.is((await rig.client.send(read)).RecursiveLoop, "Allow");
});

test("tags are for whole ARNs, and no more than 50 in all", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Tags: { first: "1" } });
  const Tags = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, "v"]));
  const tag = new TagResourceCommand({ Resource: arn, Tags });
  await t.throwsAsync(rig.client.send(tag), { name: invalid });
  for (const Resource of ["web", `${arn}:1`]) {
    await t.throwsAsync(rig.client.send(new ListTagsCommand({ Resource })), { name: invalid });
  }
  t.deepEqual((await rig.client.send(new ListTagsCommand({ Resource: arn }))).Tags, { first: "1" });
});

test("an update is for the revision it names, and a dry run changes nothing", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const read = new GetFunctionConfigurationCommand({ FunctionName });
  const before = await rig.client.send(read);
  const ZipFile = await fixtureCode(2);
  const code = { FunctionName, ZipFile };
  const dry = await rig.client.send(new UpdateFunctionCodeCommand({ ...code, DryRun: true }));
  t.not(dry.CodeSha256, before.CodeSha256);
  const after = await rig.client.send(read);
  t.is(after.CodeSha256, before.CodeSha256);
  t.is(after.RevisionId, before.RevisionId);
  const { RevisionId } = before;
  const update = new UpdateFunctionCodeCommand({ ...code, RevisionId });
  t.is((await rig.client.send(update)).CodeSha256, dry.CodeSha256);
  await t.throwsAsync(rig.client.send(update), { name: "PreconditionFailedException" });
  const configure = new UpdateFunctionConfigurationCommand({ FunctionName, RevisionId });
  await t.throwsAsync(rig.client.send(configure), { name: "PreconditionFailedException" });
});

test("an update changes what it names, and an environment without variables is one", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Environment: { Variables: { A1: "b" } }, Description: "d" });
  const send = (input: object) =>
    rig.client.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...input }));
  t.like(await send({ MemorySize: 1024 }), {
    MemorySize: 1024,
    Description: "d",
    Environment: { Variables: { A1: "b" } },
  });
  t.is((await send({ Environment: {} })).Environment, undefined);
});

test("$LATEST alone is not deleted, nor an event-invoke configuration empty", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const Qualifier = "$LATEST";
  const remove = new DeleteFunctionCommand({ FunctionName, Qualifier });
  await t.throwsAsync(rig.client.send(remove), { name: invalid });
  const put = new PutFunctionEventInvokeConfigCommand({ FunctionName });
  await t.throwsAsync(rig.client.send(put), { name: invalid, message: /at least one of/ });
});

test("a client context is a JSON object in base64", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const invoke = (context: string) => {
    const ClientContext = Buffer.from(context).toString("base64");
    const input = { FunctionName, TenantId: "a", InvocationType: "DryRun", ClientContext } as const;
    return rig.client.send(new InvokeCommand(input));
  };
  t.is((await invoke('{"client":{}}')).StatusCode, 204);
  for (const context of ["{", "[]", "null", "7", JSON.stringify({ a: "x".repeat(3584) })]) {
    await t.throwsAsync(invoke(context), { name: "InvalidRequestContentException" });
  }
});
