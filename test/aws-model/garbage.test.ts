/** Whatever comes over the wire is answered in AWS's words, and harms nobody. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import test from "ava";
import { Client } from "undici";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import type { Log } from "../../platform/ports/log.js";
import { startDynamoDbEndpoint } from "../../simulator/dynamodb/endpoint.js";
import { silentLog } from "../fixtures/daemon/silent-log.js";
import { credentials, region, startEndpoint, temporaryDirectory } from "./endpoint-rig.js";

const functions = "/2015-03-31/functions";
const tags = "/2017-03-31/tags";
const wellFormed = {
  Role: "arn:aws:iam::000000000000:role/x",
  Runtime: "nodejs20.x",
  Handler: "x",
};
const proto = '{"__proto__": {"FunctionName": "x"}, "constructor": 1}';

const invalid = [400, "InvalidParameterValueException"] as const;
const unknown = [404, "UnknownOperationException"] as const;
const tooLarge = [413, "RequestEntityTooLargeException"] as const;

type Row = readonly [string, "GET" | "POST" | "PUT" | "PATCH", string, string, number, string];

const rows: readonly Row[] = [
  ["a path of slashes", "GET", "//", "", ...unknown],
  ["a path that cannot be decoded", "GET", `${functions}/%zz`, "", ...invalid],
  ["a path that is no operation's", "GET", "/2015-03-31/nothing", "", ...unknown],
  ["a method that is no operation's", "PATCH", functions, "", ...unknown],
  ["a name of 2,000 characters", "GET", `${functions}/${"a".repeat(2000)}`, "", ...invalid],
  ["a name that leads elsewhere", "GET", `${functions}/..%2F..%2Fetc`, "", ...invalid],
  ["a name with a NUL", "GET", `${functions}/a%00b`, "", ...invalid],
  ["a name of JavaScript's", "GET", `${functions}/__proto__`, "", 404, "ResourceNotFoundException"],
  ["an ARN that is none", "GET", `${tags}/xyz`, "", ...invalid],
  ["a number that is none", "GET", `${functions}/?MaxItems=x`, "", ...invalid],
  ["a number given twice", "GET", `${functions}/?MaxItems=1&MaxItems=2`, "", ...invalid],
  ["half an object", "POST", functions, "{", ...invalid],
  ["no body", "POST", functions, "", ...invalid],
  ["a list", "POST", functions, "[]", ...invalid],
  ["null", "POST", functions, "null", ...invalid],
  ["members of other types", "POST", functions, '{"FunctionName": 1, "Code": "x"}', ...invalid],
  ["members of JavaScript's", "POST", functions, proto, ...invalid],
  ["50,000 objects in one another", "POST", functions, '{"a":'.repeat(50_000), ...invalid],
  ["code that is not base64", "POST", functions, creation("!!!!"), ...invalid],
  ["code that is no zip", "POST", functions, creation("aGVsbG8="), ...invalid],
  ["7 MB of settings", "PUT", `${functions}/x/configuration`, "x".repeat(7_000_000), ...tooLarge],
];

function creation(ZipFile: string): string {
  return JSON.stringify({ ...wellFormed, FunctionName: "x", Code: { ZipFile } });
}

/** The engine's Unix socket, where signatures do not come first; `errors`: what it logged. */
async function unsigned(t: Parameters<typeof temporaryDirectory>[0]) {
  const directory = temporaryDirectory(t);
  const errors: object[] = [];
  const log: Log = { ...silentLog, error: (about) => errors.push(about), child: () => log };
  const { endpoint } = await startEndpoint(t, { directory, log });
  const client = new Client("http://lambda", {
    socketPath: join(directory, "run/lambda.sock"),
    pipelining: 0,
  });
  t.teardown(() => client.close());
  return { client, endpoint, errors };
}

test("garbage is refused by the name that AWS has for it", async (t) => {
  const { client, errors } = await unsigned(t);
  for (const [title, method, path, body, status, name] of rows) {
    const sent = body === "" ? {} : { body };
    const answer = await client.request({ method, path, ...sent });
    const answered = JSON.parse(await answer.body.text());
    const error = answer.headers["x-amzn-errortype"];
    t.deepEqual([answer.statusCode, error], [status, name], title);
    t.true(typeof (answered.message ?? answered.Message) === "string", title);
    t.true(typeof answer.headers["x-amzn-requestid"] === "string", title);
  }
  t.deepEqual(errors, []);
});

test("whoever signs nothing learns nothing, whatever the path is", async (t) => {
  const { endpoint, errors } = await unsigned(t);
  const socketPath = "/nowhere";
  const options = { port: 0, credentials, region, socketPath, clock: systemClock };
  const dynamodb = await startDynamoDbEndpoint(options);
  t.teardown(() => dynamodb.close());
  for (const path of ["//", "/%zz", `${functions}/%zz`, "http://[", "/?X-Amz-Algorithm=%"]) {
    const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const answers = [await exchange(endpoint, head), await exchange(dynamodb.endpoint, head)];
    const [lambda = "", table = ""] = answers;
    t.regex(lambda, /^HTTP\/1.1 403 /, path);
    t.regex(table, /^HTTP\/1.1 400 /, path);
    const name = /(MissingAuthenticationToken|IncompleteSignature)Exception/;
    for (const answer of answers) t.regex(answer, name, path);
  }
  t.deepEqual(errors, []);
});

test("what is no HTTP ends its own connection and no other", async (t) => {
  const { client, endpoint } = await unsigned(t);
  const start = `POST ${functions} HTTP/1.1\r\nHost: x\r\n`;
  const chunked = `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n`;
  const long = `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(20_000)}\r\n\r\n`;
  for (const sent of ["\0\xff garbage\r\n\r\n", chunked, long, "CONNECT x:80 HTTP/1.1\r\n\r\n"]) {
    t.notRegex(await exchange(endpoint, sent), /^HTTP\/1.1 [25]/, sent.slice(0, 40));
  }
  const { statusCode } = await client.request({ method: "GET", path: functions });
  t.is(statusCode, 200);
});

/** What comes back until the end of the connection. */
async function exchange(endpoint: string, sent: string): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(sent, "latin1");
  return text(socket);
}
