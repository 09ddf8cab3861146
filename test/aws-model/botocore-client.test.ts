import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fixtureCode } from "../engine/engine-rig.js";
import { onlyIf } from "../process/requirements.js";
import { credentials, region, startEndpoint, temporaryDirectory } from "./endpoint-rig.js";
import { findBotocore, readMergedModel } from "./lambda-model.js";

const program = fileURLToPath(
  new URL("../../../test/fixtures/engine/botocore-client.py", import.meta.url),
);
const botocore = findBotocore();
const withBotocore = onlyIf(botocore !== null, "awscli (botocore)");
const run = promisify(execFile);

withBotocore("botocore creates, uses and deletes functions over TCP", async (t) => {
  if (botocore === null) return;
  const directory = temporaryDirectory(t);
  const data = join(directory, "lambda/2015-03-31");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "service-2.json"), readMergedModel(botocore));
  const zip = join(directory, "code.zip");
  writeFileSync(zip, await fixtureCode());
  const { endpoint } = await startEndpoint(t, { settleMs: 900 });
  const { stdout } = await run(botocore.python, [program, endpoint, zip], {
    env: {
      PATH: process.env["PATH"],
      HOME: directory,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: region,
      AWS_DATA_PATH: directory,
      AWS_MAX_ATTEMPTS: "1",
    },
  });
  const steps = stdout.trim().split("\n");
  const presigned = steps.find((line) => line.startsWith("http")) ?? "";
  t.deepEqual(
    steps.filter((line) => line !== presigned),
    [
      "created",
      "read",
      "listed in pages",
      "updated",
      "invoked",
      "event-invoke",
      "concurrency",
      "recursion",
      "tags",
      "deleted",
    ],
  );
  const answer = await fetch(presigned);
  t.is(answer.status, 200);
  t.deepEqual(await answer.json(), { Functions: [] });
  const changed = await fetch(presigned.replace("MaxItems=1", "MaxItems=2"));
  t.is(changed.headers.get("x-amzn-errortype"), "InvalidSignatureException");
});
