import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  GetFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import test from "ava";
import { packFunction } from "../../platform/cloud/function-package.js";
import { createLambdaClient } from "../../platform/cloud/lambda-client-adapter.js";
import { LambdaCloudAdapter } from "../../platform/cloud/lambda-cloud-adapter.js";
import { packLocalFunction } from "../../platform/cloud/local-package.js";
import { EngineRig, fixtureCode, role } from "./engine-rig.js";

const spec = { name: "shop-web", memoryMb: 64, timeoutSeconds: 900, tags: { "im:host": "web" } };

test("a function is created once and brought in line with what is asked", async (t) => {
  const rig = await EngineRig.start(t);
  const cloud = new LambdaCloudAdapter({ client: rig.client, code: await fixtureCode() });
  const read = () => rig.client.send(new GetFunctionCommand({ FunctionName: spec.name }));
  await cloud.ensureFunction(spec);
  const created = await read();
  t.like(created, {
    Tags: spec.tags,
    Configuration: { MemorySize: 128, Timeout: 900, Runtime: "provided.al2023" },
  });
  await cloud.ensureFunction(spec);
  t.is((await read()).Configuration?.RevisionId, created.Configuration?.RevisionId);
  const invocation = new GetFunctionEventInvokeConfigCommand({ FunctionName: spec.name });
  t.like(await rig.client.send(invocation), {
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });

  const code = await fixtureCode(2);
  const next = new LambdaCloudAdapter({ client: rig.client, code });
  await next.ensureFunction({ ...spec, memoryMb: 256, tags: { "im:other": "1" } });
  t.like(await read(), {
    Tags: { "im:other": "1" },
    Configuration: {
      MemorySize: 256,
      CodeSha256: createHash("sha256").update(code).digest("base64"),
    },
  });
});

test("several supervisors may ensure one function at once", async (t) => {
  const rig = await EngineRig.start(t);
  const code = await fixtureCode();
  const clouds = Array.from(
    { length: 8 },
    () => new LambdaCloudAdapter({ client: rig.client, code }),
  );
  await t.notThrowsAsync(Promise.all(clouds.map((cloud) => cloud.ensureFunction(spec))));
});

test("an event reaches its tenant, and a deleted function is no error", async (t) => {
  const rig = await EngineRig.start(t);
  const cloud = new LambdaCloudAdapter({ client: rig.client, code: await fixtureCode() });
  await cloud.ensureFunction(spec);
  const file = rig.path("written");
  const payload = { action: "write", file, line: "done" };
  await cloud.invoke({ functionName: spec.name, tenantId: "web", payload });
  t.deepEqual(await rig.lines(file, 1), ["done"]);
  await cloud.deleteFunction(spec.name);
  await cloud.deleteFunction(spec.name);
  await t.throwsAsync(cloud.invoke({ functionName: spec.name, tenantId: "web", payload }), {
    name: "ImError",
    code: "IM_INVOKE_FAILED",
  });
});

test("a function of somebody else is refused and left alone", async (t) => {
  const rig = await EngineRig.start(t);
  const ZipFile = await fixtureCode();
  const foreign = {
    Code: { ZipFile },
    Handler: "h",
    Role: role,
    Runtime: "provided.al2023",
  } as const;
  await rig.client.send(new CreateFunctionCommand({ FunctionName: spec.name, ...foreign }));
  const cloud = new LambdaCloudAdapter({ client: rig.client, code: await fixtureCode(2) });
  const error = await t.throwsAsync(cloud.ensureFunction(spec), { code: "IM_INVOKE_FAILED" });
  t.regex(error?.message ?? "", /was not made for hosts/);
});

test("an engine that is away fails an invocation without repeating it", async (t) => {
  const rig = await EngineRig.start(t);
  const cloud = new LambdaCloudAdapter({ client: rig.client, code: await fixtureCode() });
  await rig.engine.close();
  await t.throwsAsync(cloud.invoke({ functionName: "f", tenantId: "a", payload: {} }), {
    code: "IM_INVOKE_FAILED",
  });
});

test("the local package starts the host-runtime whatever its path is", async (t) => {
  const rig = await EngineRig.start(t);
  const main = rig.path("it's here.mjs");
  const script = 'import { writeFileSync } from "node:fs";';
  writeFileSync(main, `${script} writeFileSync(process.argv[1] + ".ran", "ran");`);
  const code = await packLocalFunction(process.execPath, main);
  await new LambdaCloudAdapter({ client: rig.client, code }).ensureFunction(spec);
  const { payload } = await rig.invoke(spec.name, "a", {});
  t.like(payload, { errorType: "Runtime.ExitError" });
  t.is(readFileSync(`${main}.ran`, "utf8"), "ran");
});

test("the same files give the same zip in every time zone", async (t) => {
  const script = `
    const { packFunction } = await import(${JSON.stringify(packUrl())});
    const file = { path: "bootstrap", content: Buffer.from("x"), executable: true };
    process.stdout.write((await packFunction([file])).toString("base64"));`;
  const pack = async (TZ: string) => {
    const options = { env: { ...process.env, TZ } };
    const run = promisify(execFile);
    return (await run(process.execPath, ["--input-type=module", "-e", script], options)).stdout;
  };
  const [east, west] = await Promise.all([pack("Asia/Tokyo"), pack("America/Los_Angeles")]);
  const file = { path: "bootstrap", content: Buffer.from("x"), executable: true };
  t.is(east, west);
  t.is(east, (await packFunction([file])).toString("base64"));
});

test("creating a client prints nothing", async (t) => {
  const url = JSON.stringify(
    new URL("../../platform/cloud/lambda-client-adapter.js", import.meta.url),
  );
  const script = `
    const { createLambdaClient } = await import(${url});
    createLambdaClient({ socketPath: "/nowhere" }).destroy();`;
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: _, ...env } = process.env;
  const run = promisify(execFile);
  const options = { env };
  const printed = await run(process.execPath, ["--input-type=module", "-e", script], options);
  t.deepEqual(printed, { stdout: "", stderr: "" });
  createLambdaClient({ region: "eu-central-1" }).destroy();
});

function packUrl(): string {
  return new URL("../../platform/cloud/function-package.js", import.meta.url).href;
}
