/** Stands between `im` and the two services: notes what is called, and fails what it is told to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

export interface RecordingProxy {
  readonly endpoint: string;
  /** IAM's names of the actions that were called, in their order: `lambda:GetFunction`. */
  readonly actions: string[];
  /** Asked before each call is passed on; true: it fails, without having had an effect. */
  refuse: (action: string) => boolean;
  close(): Promise<void>;
}

export async function openRecordingProxy(upstream: string): Promise<RecordingProxy> {
  const { hostname, port } = new URL(upstream);
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(incoming);
    const action = actionOf(incoming);
    proxy.actions.push(action);
    if (proxy.refuse(action)) {
      response.writeHead(400, { "x-amzn-errortype": "PolicyLengthExceededException" });
      response.end(JSON.stringify({ message: "refused by the test" }));
      return;
    }
    const { method, url: path, headers } = incoming;
    // With the headers as they came: the signature is over the host that the client knows.
    const outgoing = request({ host: hostname, port, method, path, headers, agent: false });
    outgoing.on("error", () => response.destroy());
    outgoing.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    outgoing.end(body);
  };
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const proxy: RecordingProxy = {
    endpoint: `http://127.0.0.1:${address.port}`,
    actions: [],
    refuse: () => false,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return proxy;
}

/** Paths below a function's own, and below /functions/ itself, as Lambda's API has them. */
const lambdaActions: readonly (readonly [method: string, path: RegExp, action: string])[] = [
  ["GET", /^\/functions\/?$/, "ListFunctions"],
  ["POST", /^\/functions\/?$/, "CreateFunction"],
  ["GET", /^\/functions\/[^/]+$/, "GetFunction"],
  ["DELETE", /^\/functions\/[^/]+$/, "DeleteFunction"],
  ["PUT", /^\/functions\/[^/]+\/code$/, "UpdateFunctionCode"],
  ["PUT", /^\/functions\/[^/]+\/configuration$/, "UpdateFunctionConfiguration"],
  ["GET", /^\/functions\/[^/]+\/configuration$/, "GetFunctionConfiguration"],
  ["GET", /\/event-invoke-config$/, "GetFunctionEventInvokeConfig"],
  ["PUT", /\/event-invoke-config$/, "PutFunctionEventInvokeConfig"],
  ["GET", /\/recursion-config$/, "GetFunctionRecursionConfig"],
  ["PUT", /\/recursion-config$/, "PutFunctionRecursionConfig"],
  ["PUT", /\/concurrency$/, "PutFunctionConcurrency"],
  ["DELETE", /\/concurrency$/, "DeleteFunctionConcurrency"],
  ["POST", /^\/tags\//, "TagResource"],
];

function actionOf({ method, url = "", headers }: IncomingMessage): string {
  const target = headers["x-amz-target"];
  if (typeof target === "string") return `dynamodb:${target.split(".")[1]}`;
  const path = url.replace(/^\/\d{4}-\d{2}-\d{2}/, "").replace(/\?.*$/, "");
  const found = lambdaActions.find(([one, pattern]) => one === method && pattern.test(path));
  return `lambda:${found?.[2] ?? `${method} ${url}`}`;
}
