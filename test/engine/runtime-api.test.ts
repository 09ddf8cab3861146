import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Invocation } from "../../simulator/lambda/invocation.js";
import { RuntimeApi, responseBytesMax } from "../../simulator/lambda/runtime-api.js";
import type { RuntimeState } from "../../simulator/lambda/runtime-states.js";
import { functionRecord } from "./function-fixture.js";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A runtime's end of the API, with what the engine hears. */
class Caller {
  readonly heard: string[] = [];
  readonly #directory = mkdtempSync("/tmp/im-runtime-");
  readonly #socketPath = join(this.#directory, "api.sock");
  readonly #open: ClientRequest[] = [];
  readonly api = new RuntimeApi(
    {
      ready: () => this.heard.push("ready"),
      away: () => this.heard.push("away"),
      missed: () => this.heard.push("missed"),
      finished: (outcome) =>
        this.heard.push(
          outcome.result === "cancelled" ? "cancelled" : `${outcome.result} ${outcome.payload}`,
        ),
      initFailed: () => this.heard.push("init failed"),
    },
    { functionName: "web", handler: "main" },
  );

  static async start(t: ExecutionContext): Promise<Caller> {
    const caller = new Caller();
    t.teardown(() => caller.#end());
    await caller.api.listen(caller.#socketPath);
    return caller;
  }

  send(method: string, path: string, headers = {}): ClientRequest {
    const outgoing = request({ socketPath: this.#socketPath, method, path, headers });
    outgoing.on("error", () => undefined);
    this.#open.push(outgoing);
    return outgoing;
  }

  async call(method: string, path: string, body = "{}", headers = {}): Promise<Answer> {
    const outgoing = this.send(method, path, headers);
    outgoing.end(method === "GET" ? undefined : body);
    return answerTo(outgoing);
  }

  runtime(verb: string, path: string, body?: string, headers?: object): Promise<Answer> {
    return this.call(verb, `/2018-06-01/runtime/${path}`, body, headers);
  }

  deliver(changes: Partial<Invocation> = {}): void {
    this.api.deliver({ ...invocation, ...changes }, 1234.4, "Root=1");
  }

  async reach(state: RuntimeState): Promise<void> {
    if (state === "started") return;
    if (state === "failed") return void (await this.runtime("POST", "init/error"));
    const waiting = this.runtime("GET", "invocation/next").catch(() => null);
    while (!this.heard.includes("ready")) await new Promise(setImmediate);
    if (state === "waiting") return;
    this.deliver();
    await waiting;
    if (state === "answered") await this.runtime("POST", "invocation/id-1/response");
  }

  async #end(): Promise<void> {
    for (const outgoing of this.#open) outgoing.destroy();
    await this.api.close();
    rmSync(this.#directory, { recursive: true });
  }
}

const invocation: Invocation = {
  requestId: "id-1",
  record: functionRecord,
  functionArn: "arn:aws:lambda:us-east-1:000000000000:function:web",
  tenantId: "web-0",
  payload: Buffer.from('{"a":1}'),
  clientContext: null,
  expiresAtMs: null,
  settle: () => undefined,
};

async function answerTo(outgoing: ClientRequest): Promise<Answer> {
  const [response]: IncomingMessage[] = await once(outgoing, "response");
  if (response === undefined) throw new Error("no response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  return { status: response.statusCode, headers: response.headers, body };
}

const calls = {
  next: ["GET", "invocation/next"],
  response: ["POST", "invocation/id-1/response"],
  error: ["POST", "invocation/id-1/error"],
  "response to another": ["POST", "invocation/id-2/response"],
  "error of another": ["POST", "invocation/id-2/error"],
  "init error": ["POST", "init/error"],
  "a path that is none": ["POST", "invocation/id-1/elsewhere"],
  "a method that is none": ["POST", "invocation/next"],
} as const;

/** Status by state, in the order of the calls; 0: the answer is held back until an event comes. */
const statuses: Readonly<Record<RuntimeState, readonly number[]>> = {
  started: [0, 400, 400, 400, 400, 202, 404, 404],
  failed: [403, 400, 400, 400, 400, 403, 404, 404],
  waiting: [403, 400, 400, 400, 400, 403, 404, 404],
  busy: [403, 202, 202, 400, 400, 403, 404, 404],
  answered: [0, 403, 403, 400, 400, 403, 404, 404],
};

for (const [state, expected] of Object.entries(statuses) as [RuntimeState, number[]][]) {
  for (const [index, [name, [method, path]]] of Object.entries(calls).entries()) {
    const status = expected[index];
    if (status === 0) continue;
    test(`a runtime that is ${state}: ${name} is answered with ${status}`, async (t) => {
      const caller = await Caller.start(t);
      await caller.reach(state);
      const before = caller.heard.length;
      const answer = await caller.runtime(method, path);
      t.is(answer.status, status);
      if (status === 403) t.regex(answer.body, /"errorType":"InvalidStateTransition"/);
      if (status === 400) t.regex(answer.body, /"errorType":"InvalidRequestID"/);
      t.is(caller.heard.length - before, status === 202 ? 1 : 0);
    });
  }
}

test("an event comes with AWS's headers", async (t) => {
  const caller = await Caller.start(t);
  const next = caller.runtime("GET", "invocation/next");
  while (caller.heard.length === 0) await new Promise(setImmediate);
  caller.deliver({ clientContext: '{"custom":{}}' });
  const { status, headers, body } = await next;
  t.is(status, 200);
  t.is(body, '{"a":1}');
  t.like(headers, {
    "lambda-runtime-aws-request-id": "id-1",
    "lambda-runtime-deadline-ms": "1234",
    "lambda-runtime-invoked-function-arn": invocation.functionArn,
    "lambda-runtime-trace-id": "Root=1",
    "lambda-runtime-aws-tenant-id": "web-0",
    "lambda-runtime-client-context": '{"custom":{}}',
  });
});

test("a response that is streamed is taken whole, and one that breaks is an error", async (t) => {
  const mode = { "Lambda-Runtime-Function-Response-Mode": "streaming" };
  for (const breaks of [false, true]) {
    const caller = await Caller.start(t);
    await caller.reach("busy");
    const path = "/2018-06-01/runtime/invocation/id-1/response";
    const trailer = { Trailer: "Lambda-Runtime-Function-Error-Type" };
    const outgoing = caller.send("POST", path, { ...mode, ...(breaks ? trailer : {}) });
    outgoing.write('"one ');
    outgoing.write('two"');
    if (breaks) outgoing.addTrailers({ "Lambda-Runtime-Function-Error-Type": "Mine" });
    outgoing.end();
    t.is((await answerTo(outgoing)).status, 202);
    const error = 'error {"errorType":"Mine","errorMessage":"the stream broke"}';
    t.is(caller.heard.at(-1), breaks ? error : 'response "one two"');
  }
  const caller = await Caller.start(t);
  await caller.reach("busy");
  const other = { "Lambda-Runtime-Function-Response-Mode": "other" };
  const refused = await caller.runtime("POST", "invocation/id-1/response", "{}", other);
  t.is(refused.status, 400);
  t.is((await caller.runtime("POST", "invocation/id-1/response")).status, 202);
});

test("a response that is too large is refused with 413 and fails the event", async (t) => {
  const caller = await Caller.start(t);
  await caller.reach("busy");
  const body = "x".repeat(responseBytesMax + 1);
  t.is((await caller.runtime("POST", "invocation/id-1/response", body)).status, 413);
  t.regex(caller.heard.at(-1) ?? "", /^error .*Function.ResponseSizeTooLarge/);
});

test("a wait that is given up is told, and another may follow", async (t) => {
  const caller = await Caller.start(t);
  const outgoing = caller.send("GET", "/2018-06-01/runtime/invocation/next");
  outgoing.end();
  while (caller.heard.length < 1) await new Promise(setImmediate);
  outgoing.destroy();
  while (caller.heard.length < 2) await new Promise(setImmediate);
  void caller.runtime("GET", "invocation/next").catch(() => null);
  while (caller.heard.length < 3) await new Promise(setImmediate);
  t.deepEqual(caller.heard, ["ready", "away", "ready"]);
});

const register = "/2020-01-01/extension/register";
const eventNext = "/2020-01-01/extension/event/next";

test("an extension keeps the environment from being ready, and is told of events", async (t) => {
  const caller = await Caller.start(t);
  t.false(caller.api.hasExtensions);
  const name = { "Lambda-Extension-Name": "mine" };
  const events = '{"events":["INVOKE"]}';
  const registered = await caller.call("POST", register, events, name);
  t.deepEqual(
    [registered.status, JSON.parse(registered.body)],
    [200, { functionName: "web", functionVersion: "$LATEST", handler: "main" }],
  );
  t.true(caller.api.hasExtensions);
  const id = { "Lambda-Extension-Identifier": registered.headers["lambda-extension-identifier"] };
  const next = caller.runtime("GET", "invocation/next");
  t.is((await caller.call("POST", register, events, name)).status, 403);
  t.deepEqual(caller.heard, []);
  const told = caller.call("GET", eventNext, "", id);
  while (caller.heard.length === 0) await new Promise(setImmediate);
  caller.deliver();
  await next;
  t.like(JSON.parse((await told).body), { eventType: "INVOKE", requestId: "id-1" });
});

test("extensions that AWS would refuse are refused", async (t) => {
  const caller = await Caller.start(t);
  const name = { "Lambda-Extension-Name": "mine" };
  const refusals = await Promise.all([
    caller.call("POST", register, "{}"),
    caller.call("POST", register, '{"events":["SHUTDOWN"]}', name),
    caller.call("POST", register, "no JSON", name),
    caller.call("GET", eventNext),
    caller.call("GET", eventNext, "", { "Lambda-Extension-Identifier": "unknown" }),
  ]);
  t.deepEqual(
    refusals.map(({ status, body }) => [status, JSON.parse(body).errorType]),
    [
      [403, "Extension.InvalidExtensionName"],
      [403, "ShutdownEventNotSupportedForInternalExtension"],
      [403, "InvalidRequestFormat"],
      [403, "Extension.MissingExtensionIdentifier"],
      [403, "Extension.UnknownExtensionIdentifier"],
    ],
  );
});
