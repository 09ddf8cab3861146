/** `im deploy --cloud aws` as a process, against the engine's signed endpoint. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  GetFunctionCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionRecursionConfigCommand,
  ListFunctionsCommand,
} from "@aws-sdk/client-lambda";
import test from "ava";
import { type AwsWorld, openAwsWorld, region, role } from "./aws-world.js";

const web = `  web:
    command: [node, server.js]
    directory: ./web
    listen: [8080]
`;
const worker = `  worker:
    count: 3
    command: [node, work.js]
    directory: ./worker
    listen: [7000]
    memory: 256MB
`;
const api = `  api:
    command: [node, api.js]
    directory: ./web
    listen: [3000]
`;

test("a deploy creates, a second one changes nothing, down leaves nothing", async (t) => {
  const world = await openAwsWorld(t);
  const deploy = ["deploy", "--cloud", "aws", "--role", role, shop(world, web, worker)];
  const created = await world.im(deploy);
  t.is(created.stderr, "");
  t.regex(created.stdout, /^shop on AWS \(eu-central-1\): created im_shop, im_shop_web, im_shop_w/);
  const { Configuration, Tags } = await read(world, "im_shop_worker");
  t.like(Configuration, {
    Architectures: [process.arch === "arm64" ? "arm64" : "x86_64"],
    MemorySize: 256,
    Role: role,
    Runtime: "nodejs22.x",
    TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    Timeout: 900,
  });
  t.deepEqual(Tags, { "im:deployment": "shop", "im:class": "worker", "im:hosts": "3" });
  const name = { FunctionName: "im_shop_web" };
  t.like(await world.client.send(new GetFunctionEventInvokeConfigCommand(name)), {
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
  const recursion = await world.client.send(new GetFunctionRecursionConfigCommand(name));
  t.is(recursion.RecursiveLoop, "Allow");

  world.clear();
  // The role is known from the first time.
  const repeated = await world.im(["deploy", "--cloud", "aws", shop(world, web, worker)]);
  t.regex(repeated.stdout, /: nothing changed\./);
  t.deepEqual(world.changes(), []);

  const status = await world.im(["status", "--json"]);
  t.like(JSON.parse(status.stdout), { deployment: "shop", cloud: "aws", imaginary: 4, hosts: [] });
  const down = await world.im(["down"]);
  t.is(down.code, 0);
  t.deepEqual(await names(world), []);
  t.true(world.dynamoDb.actions.includes("dynamodb:DeleteTable"));
  t.regex((await world.im(["status"])).stderr, /IM_NO_DEPLOYMENT/);
});

test("what has changed is updated in place, a class that is gone loses its function", async (t) => {
  // As on AWS, a function is not settled at once after a change.
  const world = await openAwsWorld(t, { settleMs: 300 });
  const deploy = ["deploy", "--cloud", "aws", "--role", role];
  await world.im([...deploy, shop(world, web, worker)]);
  world.clear();
  for (const directory of ["web", "worker"]) world.write(`${directory}/server.js`, "// other");
  const memory = worker.replace("256MB", "512MB").replace("count: 3", "count: 5");
  const changed = await world.im([...deploy, shop(world, web, memory)]);
  t.regex(changed.stdout, /: updated im_shop_web, im_shop_worker\./);
  t.deepEqual([...world.changes()].sort(), [
    "lambda:TagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
  ]);
  const { Configuration, Tags } = await read(world, "im_shop_worker");
  t.is(Configuration?.MemorySize, 512);
  t.is(Tags?.["im:hosts"], "5");

  const replaced = await world.im([...deploy, shop(world, api, memory)]);
  t.regex(replaced.stdout, /: created im_shop_api; deleted im_shop_web\./);
  t.deepEqual(await names(world), ["im_shop_api", "im_shop_worker"]);
});

test("a deploy that was cut off is finished by the next one, or ended by down", async (t) => {
  const world = await openAwsWorld(t);
  const deploy = ["deploy", "--cloud", "aws", "--role", role, shop(world, web, worker)];
  world.lambda.refuse = (action) => action === "lambda:PutFunctionRecursionConfig";
  const failed = await world.im(deploy);
  t.is(failed.code, 2);
  t.regex(failed.stderr, /error\[IM_CLOUD_FAILED\]: AWS did not update recursion of the function/);
  t.regex(failed.stderr, /fix: repeat the command: it goes on where it stopped/);
  world.lambda.refuse = () => false;
  world.clear();
  // Its role is known, too.
  const resumed = await world.im(["deploy", "--cloud", "aws", shop(world, web, worker)]);
  t.regex(resumed.stdout, /: updated im_shop_web, im_shop_worker\./);
  t.deepEqual([...new Set(world.changes())].sort(), ["lambda:PutFunctionRecursionConfig"]);

  world.lambda.refuse = (action) => action === "lambda:DeleteFunction";
  t.is((await world.im(["down"])).code, 2);
  world.lambda.refuse = () => false;
  t.is((await world.im(["down"])).code, 0);
  t.deepEqual(await names(world), []);
});

test("region and credentials come from a profile where no variable has them", async (t) => {
  const world = await openAwsWorld(t);
  const ofProfile = {
    AWS_PROFILE: "shop",
    AWS_CONFIG_FILE: world.write("aws/config", `[profile shop]\nregion = ${region}\n`),
    AWS_SHARED_CREDENTIALS_FILE: world.write(
      "aws/credentials",
      "[shop]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n",
    ),
    AWS_REGION: undefined,
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
  };
  const deploy = ["deploy", "--cloud", "aws", "--role", role, shop(world, web)];
  const created = await world.im(deploy, ofProfile);
  t.is(created.stderr, "");
  t.regex(created.stdout, /^shop on AWS \(eu-central-1\): created im_shop, im_shop_web\./);
  const other = world.write("aws/credentials", "[other]\naws_access_key_id = AKIATEST\n");
  const without = await world.im(deploy, { ...ofProfile, AWS_SHARED_CREDENTIALS_FILE: other });
  t.regex(without.stderr, /error\[IM_CLOUD_CREDENTIALS\]/);
  t.is((await world.im(["down"], ofProfile)).code, 1);
});

test("the deployer's policy allows every call that was made, and no other", async (t) => {
  const world = await openAwsWorld(t);
  const deploy = ["deploy", "--cloud", "aws", "--role", role];
  await world.im([...deploy, "--reserve-concurrency", shop(world, web, worker)]);
  t.is((await read(world, "im_shop_worker")).Concurrency?.ReservedConcurrentExecutions, 3);
  world.write("web/server.js", "// other");
  await world.im([...deploy, shop(world, web, worker.replace("256MB", "512MB"))]);
  t.is((await read(world, "im_shop_worker")).Concurrency?.ReservedConcurrentExecutions, undefined);
  await world.im([...deploy, shop(world, web, worker.replace("count: 3", "count: 4"))]);
  const shown = await world.im([...deploy, "--dry-run", shop(world, web)]);
  await world.im(["down"]);
  const policy = JSON.parse(shown.stdout.split("whoever deploys:\n")[1] ?? "");
  const allowed = new Set<string>(
    policy.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action),
  );
  // What neither is a call: the role is passed along, tags are part of an answer.
  for (const silent of ["iam:PassRole", "lambda:ListTags"]) t.true(allowed.delete(silent));
  t.deepEqual([...new Set(world.actions())].sort(), [...allowed].sort());
});

test("a dry run says what would be done, and does nothing", async (t) => {
  const world = await openAwsWorld(t);
  const run = ["deploy", "--cloud", "aws", "--dry-run"];
  const first = await world.im([...run, shop(world, web, worker)]);
  t.is(first.code, 0);
  t.regex(first.stdout, /^shop: 4 hosts would be declared, none would run\./);
  t.regex(first.stdout, /create +im_shop_worker +3 +256 MB +1\.\d MB +3\.\d MB\n/);
  t.regex(first.stdout, /create the table im_shop/);
  t.false(existsSync(join(world.home, "aws")));
  t.deepEqual(world.changes(), []);
  await world.im(["deploy", "--cloud", "aws", "--role", role, shop(world, web, worker)]);
  world.write("web/server.js", "// other");
  world.clear();
  const second = await world.im([...run, shop(world, web)]);
  t.regex(second.stdout, /update +im_shop_web .* code\n/);
  t.regex(second.stdout, /delete +im_shop_worker/);
  t.regex(second.stdout, /keep the table im_shop/);
  t.deepEqual(world.changes(), []);
});

async function names({ client }: AwsWorld): Promise<readonly (string | undefined)[]> {
  const { Functions = [] } = await client.send(new ListFunctionsCommand({}));
  return Functions.map(({ FunctionName }) => FunctionName);
}

function read({ client }: AwsWorld, name: string) {
  return client.send(new GetFunctionCommand({ FunctionName: name }));
}

/** Writes a manifest of these hosts, and what their directories need; returns its path. */
function shop(world: AwsWorld, ...hosts: readonly string[]): string {
  for (const directory of ["web", "worker"]) {
    if (!existsSync(join(world.directory, directory))) {
      world.write(`${directory}/server.js`, `// ${directory}`);
    }
  }
  return world.write("shop.yaml", `deployment: shop\nhosts:\n${hosts.join("")}`);
}
