/** The `aws` command against `npm run cloud`, as a shell that was set up by what it prints. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ExecutionContext } from "ava";
import { fixtureCode, role } from "../engine/engine-rig.js";
import { needing } from "../process/requirements.js";
import { temporaryDirectory } from "./endpoint-rig.js";

const cloud = fileURLToPath(new URL("../../scripts/cloud.js", import.meta.url));
const run = promisify(execFile);

interface Said {
  readonly code: number;
  /** What it printed, as JSON where it is; what it complained of otherwise. */
  readonly said: unknown;
}

/** Calls `aws lambda` with these words. */
type Lambda = (...words: readonly string[]) => Promise<Said>;

async function startCloud(t: ExecutionContext, directory: string): Promise<Lambda> {
  const PATH = process.env["PATH"] ?? "";
  const child = spawn(process.execPath, [cloud, "--region", "eu-west-1"], {
    env: { PATH, TMPDIR: directory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (printed.push(line) === 6) break;
  }
  // Debian's version is from before AWS_ENDPOINT_URL_LAMBDA.
  const command = 'aws --endpoint-url "$AWS_ENDPOINT_URL_LAMBDA" --output json lambda "$@"';
  const script = `${printed.join("\n")}\n${command}`;
  const env = { PATH, HOME: directory, AWS_PAGER: "", AWS_MAX_ATTEMPTS: "1" };
  return async (...words) => {
    const options = { env, cwd: directory };
    const ended = run("sh", ["-c", script, "sh", ...words], options).then(
      ({ stdout }) => ({ code: 0, said: stdout === "" ? null : JSON.parse(stdout) }),
      ({ code, stderr }) => ({ code, said: String(stderr).trim() }),
    );
    return ended;
  };
}

const web = ["--function-name", "web"];

needing("aws")("the aws command uses what `npm run cloud` has set up for it", async (t) => {
  const directory = temporaryDirectory(t);
  const lambda = await startCloud(t, directory);
  writeFileSync(join(directory, "code.zip"), await fixtureCode());
  const about = ["--role", role, "--runtime", "provided.al2023", "--handler", "bootstrap"];
  const create = ["create-function", ...web, ...about, "--zip-file", "fileb://code.zip"];
  const arn = "arn:aws:lambda:eu-west-1:000000000000:function:web";
  t.like(await lambda(...create), { code: 0, said: { FunctionArn: arn, State: "Active" } });
  t.regex(String((await lambda(...create)).said), /\(ResourceConflictException\)/);
  t.like(await lambda("list-functions"), { said: { Functions: [{ FunctionName: "web" }] } });
  writeFileSync(join(directory, "event.json"), '{"action":"echo"}');
  const invoke = ["invoke", ...web, "--payload", "fileb://event.json", "answer.json"];
  t.like(await lambda(...invoke), { code: 0, said: { StatusCode: 200 } });
  await lambda("put-function-concurrency", ...web, "--reserved-concurrent-executions", "0");
  t.regex(String((await lambda(...invoke)).said), /\(TooManyRequestsException\).*Rate Exceeded/);
  t.deepEqual(await lambda("delete-function-concurrency", ...web), { code: 0, said: null });
  t.like(await lambda(...invoke), { code: 0, said: { StatusCode: 200 } });
  t.like(await lambda("delete-function", ...web), { code: 0 });
  t.regex(String((await lambda(...invoke)).said), /\(ResourceNotFoundException\).*:function:web/);
});
