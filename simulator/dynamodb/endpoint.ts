/**
 * The embedded DynamoDB on TCP: what is signed with the credentials goes on to its Unix socket.
 * dynalite itself looks at no signature.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { ImError } from "../../platform/errors/im-error.js";
import type { Clock } from "../../platform/ports/clock.js";
import { type Credentials, SignatureCheck } from "../signature/signature-check.js";
import { SignatureError } from "../signature/signature-error.js";
import type { RequestHead } from "../signature/stated-signature.js";

export interface DynamoDbEndpointOptions {
  /** On 127.0.0.1; 0: any that is free. */
  readonly port: number;
  readonly credentials: Credentials;
  readonly region: string;
  /** Of `startDynamoDb`. */
  readonly socketPath: string;
  readonly clock: Clock;
}

export interface DynamoDbEndpoint {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** DynamoDB's limit. */
const requestBytesMax = 16 * 1024 * 1024;

/** Rejects with `ImError` IM_PORT_TAKEN where the port cannot be had. */
export async function startDynamoDbEndpoint(
  options: DynamoDbEndpointOptions,
): Promise<DynamoDbEndpoint> {
  const signatures = new SignatureCheck({ ...options, service: "dynamodb" });
  const server = createServer((incoming, outgoing) => {
    admit(signatures, incoming).then(
      (body) => forward(options.socketPath, incoming, body, outgoing),
      (error) => refuse(error, outgoing),
    );
  });
  server.listen(options.port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    throw new ImError("IM_PORT_TAKEN", {
      what: `the embedded DynamoDB cannot listen on 127.0.0.1:${options.port}`,
      received: String(error),
      cause: error,
    });
  }
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

async function admit(signatures: SignatureCheck, incoming: IncomingMessage): Promise<Buffer> {
  const { method = "", url = "", headers } = incoming;
  const head: RequestHead = { method, url, headers };
  signatures.admit(head);
  if (Number(headers["content-length"] ?? Number.NaN) > requestBytesMax) throw tooLarge();
  const body = await buffer(limited(incoming));
  await signatures.verify(head, body);
  return body;
}

/** A length that was not stated, or was too small, is no way round the limit. */
async function* limited(incoming: IncomingMessage): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of incoming) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > requestBytesMax) throw tooLarge();
    yield part;
  }
}

function tooLarge(): Error {
  return new RangeError(`a request may have ${requestBytesMax} bytes at most`);
}

function forward(
  socketPath: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
): void {
  const { connection, expect, "transfer-encoding": encoding, ...rest } = headers;
  const onwardHeaders = { ...rest, "content-length": body.length };
  const where = { socketPath, method, path: url, headers: onwardHeaders };
  const onward = request(where, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
    answer.once("error", () => outgoing.destroy());
  });
  // It is being started again: clients repeat.
  onward.once("error", () => answerError(outgoing, 500, "InternalServerError", "not reachable"));
  outgoing.once("close", () => onward.destroy());
  onward.end(body);
}

function refuse(error: unknown, outgoing: ServerResponse): void {
  if (error instanceof SignatureError) {
    answerError(outgoing, 400, error.name, error.message);
    return;
  }
  // What comes after the limit is not waited for.
  outgoing.shouldKeepAlive = false;
  answerError(outgoing, 413, "RequestEntityTooLargeException", String(error));
}

function answerError(outgoing: ServerResponse, status: number, name: string, what: string): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
  const __type = `com.amazon.coral.service#${name}`;
  outgoing.end(JSON.stringify({ __type, message: what }));
}
