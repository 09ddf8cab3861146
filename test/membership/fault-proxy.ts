/** Stands between a client and the table, and spoils writes on demand, one fault a write. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

export type Fault =
  /** Applied; the connection ends instead of an answer. */
  | "lost-answer"
  /** Applied; the answer says that it failed. */
  | "false-500"
  /** Not applied: refused for now. */
  | "throttle"
  /** Not applied: the connection ends. */
  | "lost-request"
  /** Applied when `deliverLate` says so; the client hears nothing at all. */
  | "late";

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface FaultProxy {
  /** For the writes to come, in their order; a write beyond them passes. */
  readonly faults: Fault[];
  /** Bodies of all writes, as they came. */
  readonly writes: string[];
  /** Bodies of everything else. */
  readonly reads: string[];
  /** Delivers the writes that were held back; resolves with the statuses of their answers. */
  deliverLate(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Where the table itself listens. */
export type Upstream =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number };

export async function openFaultProxy(socketPath: string, upstream: Upstream): Promise<FaultProxy> {
  const faults: Fault[] = [];
  const writes: string[] = [];
  const reads: string[] = [];
  const late: (() => Promise<Answer>)[] = [];
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(incoming);
    const forward = () => send(upstream, incoming, body);
    const isWrite = incoming.headers["x-amz-target"] === "DynamoDB_20120810.UpdateItem";
    (isWrite ? writes : reads).push(body.toString());
    const fault = isWrite ? faults.shift() : undefined;
    if (fault === "late") late.push(forward);
    else await treat(fault, forward, response);
  };
  const server = createServer((incoming, response) => {
    // One side that breaks, breaks the other.
    serve(incoming, response).catch(() => response.destroy());
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    faults,
    writes,
    reads,
    async deliverLate() {
      const answers = await Promise.all(late.splice(0).map((forward) => forward()));
      return answers.map(({ status }) => status);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function treat(
  fault: Exclude<Fault, "late"> | undefined,
  forward: () => Promise<Answer>,
  response: ServerResponse,
): Promise<void> {
  switch (fault) {
    case undefined:
      return reply(response, await forward());
    case "lost-answer":
      await forward();
      response.destroy();
      return;
    case "false-500":
      await forward();
      return reply(response, failure(500, "InternalServerError"));
    case "throttle":
      return reply(response, failure(400, "ThrottlingException"));
    case "lost-request":
      response.destroy();
      return;
    default:
      return fault satisfies never;
  }
}

async function send(upstream: Upstream, from: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method, url, headers } = from;
  const outgoing = request({ ...upstream, method, path: url, headers, agent: false });
  outgoing.end(body);
  const answered: IncomingMessage[] = await once(outgoing, "response");
  const [answer] = answered;
  if (answer === undefined) throw new Error("no response");
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}

function failure(status: number, name: string): Answer {
  const body = Buffer.from(JSON.stringify({ __type: `com.amazonaws.dynamodb#${name}` }));
  return { status, headers: { "content-type": "application/x-amz-json-1.0" }, body };
}
