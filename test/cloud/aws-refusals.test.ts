import { readdirSync } from "node:fs";
import { CreateFunctionCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { packFunction } from "../../platform/cloud/function-package.js";
import { callIm } from "../fixtures/daemon/fake-daemon-process.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";
import { openAwsWorld, role, withoutAws } from "./aws-world.js";

const deploy = ["deploy", "--cloud", "aws"];
const plain = "deployment: shop\nhosts: {web: {command: [node, x.js], directory: ./web}}\n";

test("what would have to reach a host on AWS is refused, with what is missing", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write("shop.yaml", plain);
  t.is((await world.im([...deploy, "--role", role, manifest])).code, 0);
  world.clear();
  const refused = [
    ["run", "true"],
    ["wake", "web"],
    ["logs", "web"],
    ["status", "web"],
  ];
  for (const words of refused) {
    const { code, stderr } = await world.im(words);
    t.is(code, 1);
    t.regex(stderr, /error\[IM_CLOUD_UNAVAILABLE\]: no host of shop can be reached from here/);
    t.regex(stderr, /the overlay between nodes/);
  }
  const local = await world.im(["deploy", manifest]);
  t.regex(local.stderr, /error\[IM_USAGE\]: shop is deployed already, elsewhere/);
  const elsewhere = await world.im([...deploy, manifest], { AWS_REGION: "us-east-1" });
  t.regex(elsewhere.stderr, /received: AWS \(eu-central-1\)\n {2}fix: end it with `im down/);
  t.deepEqual(world.actions(), []);
});

test("a published port is refused before anything is created", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write(
    "shop.yaml",
    plain.replace("}}", ', listen: [80], publish: ["8080:80"]}}'),
  );
  const { code, stderr } = await world.im([...deploy, "--role", role, manifest]);
  t.is(code, 1);
  t.regex(stderr, /error\[IM_CLOUD_UNAVAILABLE\]: web cannot publish a port/);
  t.deepEqual(world.actions(), []);
});

test("names that somebody else's function or table has are left alone", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write("shop.yaml", plain);
  const ZipFile = await packFunction([
    { path: "bootstrap", content: Buffer.from(""), executable: true },
  ]);
  await world.client.send(
    new CreateFunctionCommand({
      FunctionName: "im_shop_web",
      Code: { ZipFile },
      Handler: "h",
      Role: role,
      Runtime: "provided.al2023",
    }),
  );
  const { code, stderr } = await world.im([...deploy, "--role", role, manifest]);
  t.is(code, 1);
  t.regex(stderr, /error\[IM_CLOUD_CONFLICT\]: the function im_shop_web exists and is not/);
  t.deepEqual(world.changes(), []);
  t.deepEqual(readdirSync(world.home), []);
});

test("without a role the deploy says which one to create", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write("shop.yaml", plain);
  const none = await world.im([...deploy, manifest]);
  t.is(none.code, 1);
  t.regex(none.stderr, /error\[IM_CLOUD_ROLE\]: no role is named.*\n.*IM_AWS_ROLE/);
  t.regex(none.stderr, /"Service": "lambda\.amazonaws\.com"/);
  t.regex(none.stderr, /"arn:aws:dynamodb:eu-central-1:\*:table\/im_shop"/);
  const wrong = await world.im([...deploy, manifest], { IM_AWS_ROLE: "shop" });
  t.regex(wrong.stderr, /error\[IM_CLOUD_ROLE\].*\n {2}expected: arn:aws:iam::<account>/);
  t.deepEqual(world.actions(), []);
});

test("credentials that AWS does not know are named as the reason", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write("shop.yaml", plain);
  const wrong = { AWS_ACCESS_KEY_ID: "AKIAOTHER" };
  const { code, stderr } = await world.im([...deploy, "--role", role, manifest], wrong);
  t.is(code, 1);
  t.regex(stderr, /error\[IM_CLOUD_CREDENTIALS\]: AWS does not accept the credentials/);
  t.regex(stderr, /received: UnrecognizedClientException/);
});

test("without region or credentials a deploy says so, and a dry run goes on", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write("shop.yaml", plain);
  const { home } = temporaryConfiguration(t);
  const call = (words: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
    callIm(words, { home, variables: { ...withoutAws, ...variables } });
  const nowhere = await call([...deploy, "--role", role, manifest]);
  t.is(nowhere.code, 1);
  t.regex(nowhere.stderr, /error\[IM_CLOUD_CREDENTIALS\]: no usable AWS region is set/);
  const nobody = await call([...deploy, "--role", role, manifest], { AWS_REGION: "eu-west-1" });
  t.is(nobody.code, 1);
  t.regex(nobody.stderr, /error\[IM_CLOUD_CREDENTIALS\]: no AWS credentials were found/);
  const dry = await call([...deploy, "--dry-run", manifest]);
  t.is(dry.code, 0);
  t.regex(dry.stderr, /warning: no usable AWS region is set: shown as if nothing existed there/);
  t.regex(dry.stdout, /create +im_shop_web/);
});

test("options for AWS are refused on the local cloud", async (t) => {
  const world = await openAwsWorld(t);
  world.write("web/x.js", "");
  const manifest = world.write("shop.yaml", plain);
  const { code, stderr } = await world.im(["deploy", "--role", role, manifest]);
  t.is(code, 1);
  t.regex(stderr, /error\[IM_USAGE\]: --role is of no use on the local cloud/);
});
