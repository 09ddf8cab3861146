/**
 * AWS's own runtime client for Node against the engine's Runtime API. Optional: it takes a minute
 * to build. `.ci/run` has `scripts/build-runtime-client.sh` do it, and says where by IM_LAMBDA_RIC.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { packFunction } from "../../platform/cloud/function-package.js";
import { onlyIf } from "../process/requirements.js";
import { EngineRig } from "./engine-rig.js";

const installed = resolve(process.env["IM_LAMBDA_RIC"] ?? "build/peers/aws-lambda-ric");
const client = join(installed, "bin/index.mjs");
const declare = onlyIf(existsSync(client), "aws-lambda-ric, see scripts/build-runtime-client.sh");

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/engine/${name}`, import.meta.url));
}

async function create(rig: EngineRig, handler: string, variables = {}): Promise<void> {
  const script = `#!/bin/sh\nexec '${process.execPath}' "$LAMBDA_TASK_ROOT/bridge.mjs"\n`;
  const ZipFile = await packFunction([
    { path: "bootstrap", content: Buffer.from(script), executable: true },
    { path: "bridge.mjs", content: fixture("ric-bridge.mjs"), executable: false },
    { path: "index.mjs", content: fixture("ric-function.mjs"), executable: false },
  ]);
  const Variables = { RIC: client, ...variables };
  await rig.create("web", { Code: { ZipFile }, Handler: handler, Environment: { Variables } });
}

declare("AWS's runtime client gets events with their context and answers them", async (t) => {
  const rig = await EngineRig.start(t);
  await create(rig, "index.echo");
  const ClientContext = Buffer.from('{"custom":{"a":"b"}}').toString("base64");
  const sent = await rig.client.send(
    new InvokeCommand({
      FunctionName: "web",
      TenantId: "web-0",
      ClientContext,
      LogType: "Tail",
      Payload: JSON.stringify({ print: "hello" }),
    }),
  );
  const first = JSON.parse(sent.Payload?.transformToString() ?? "null");
  t.like(first, { event: { print: "hello" }, tenantId: "web-0" });
  t.deepEqual(first.clientContext, { custom: { a: "b" } });
  t.true(first.leftMs > 20_000 && first.leftMs <= 30_000);
  t.is(first.awsRequestId, sent.$metadata.requestId);
  t.regex(Buffer.from(sent.LogResult ?? "", "base64").toString(), /\tINFO\thello\n/);
  const second = await rig.invoke("web", "web-0", { number: 2 });
  t.is((second.payload as { pid: number }).pid, first.pid);
});

declare("AWS's runtime client reports a handler that throws, and lives on", async (t) => {
  const rig = await EngineRig.start(t);
  await create(rig, "index.echo");
  const failed = await rig.invoke("web", "web-0", { fail: true });
  t.is(failed.error, "Unhandled");
  t.like(failed.payload, { errorType: "RangeError", errorMessage: "as asked" });
  t.is((await rig.invoke("web", "web-0", {})).error, undefined);
  t.is(rig.engine.environments().length, 1);
});

declare("AWS's runtime client streams a response", async (t) => {
  const rig = await EngineRig.start(t);
  await create(rig, "index.stream");
  const Payload = JSON.stringify({ words: ["one", "two"] });
  const parts = { FunctionName: "web", TenantId: "web-0", Payload };
  const sent = await rig.client.send(new InvokeCommand(parts));
  t.is(sent.Payload?.transformToString(), "one two ");
});

declare("AWS's runtime client reports an initialisation that fails", async (t) => {
  const rig = await EngineRig.start(t);
  await create(rig, "index.echo", { FAIL_AT_IMPORT: "1" });
  const failed = await rig.invoke("web", "web-0", {});
  t.like(failed.payload, { errorType: "RangeError", errorMessage: "no such thing" });
});
