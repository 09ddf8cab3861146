import { chmodSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { errorOutcome, type Invocation, type InvocationOutcome } from "./invocation.js";

const apiPath = "/2018-06-01/runtime/";
export const responseBytesMax = 6 * 1024 * 1024;
const errorBytesMax = 256 * 1024;

/** What the runtime in an environment does, as its API sees it. */
export interface RuntimeEvents {
  /** It asked for its next invocation and waits. */
  ready(): void;
  /** Its wait ended without one: the connection is gone, it may ask again. */
  away(): void;
  /** It asked for one though it has one, after an adoption: that one never reached it. */
  missed(): void;
  /** It answered the invocation that it had. */
  finished(outcome: InvocationOutcome): void;
  initFailed(outcome: InvocationOutcome): void;
}

/**
 * The Runtime API of one environment, on a Unix socket of its own: a runtime can speak for no
 * environment but its own. One invocation at a time; whatever comes out of turn is refused.
 */
export class RuntimeApi {
  readonly #server: Server;
  #waiting: ServerResponse | null = null;
  #current: string | null = null;
  #initialised = false;
  #adopted = false;

  constructor(private readonly events: RuntimeEvents) {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => {
        // The runtime hung up in the middle of its request: it dies, or asks again.
        response.destroy();
      });
    });
    // A wait for the next invocation may take days, and so may the pause between two.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
    this.#server.on("clientError", (_error, socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    });
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => {
        this.#server.off("error", reject);
        chmodSync(path, 0o600);
        resolve();
      });
    });
  }

  /** Before it listens: the runtime has been served by an engine that is gone. */
  adopt(requestId: string | null, initialised: boolean): void {
    this.#current = requestId;
    this.#initialised = initialised;
    this.#adopted = true;
  }

  /** Hands the runtime, which must be waiting, its next invocation. `deadlineMs`: wall clock. */
  deliver(invocation: Invocation, deadlineMs: number, traceId: string): void {
    const response = this.#waiting;
    const payload = invocation.payload ?? Buffer.alloc(0);
    if (response === null) throw new Error("the runtime does not wait for an invocation");
    this.#waiting = null;
    this.#current = invocation.requestId;
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": payload.length,
      "Lambda-Runtime-Aws-Request-Id": invocation.requestId,
      "Lambda-Runtime-Deadline-Ms": Math.round(deadlineMs),
      "Lambda-Runtime-Invoked-Function-Arn": invocation.functionArn,
      "Lambda-Runtime-Trace-Id": traceId,
      ...(invocation.tenantId === null
        ? {}
        : { "Lambda-Runtime-Aws-Tenant-Id": invocation.tenantId }),
    });
    response.end(payload);
  }

  close(): Promise<void> {
    this.#waiting = null;
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    const route = path.startsWith(apiPath) ? path.slice(apiPath.length).split("/") : [];
    const [subject, id, verb] = route;
    if (request.method === "GET" && subject === "invocation" && id === "next") {
      return this.#next(response);
    }
    if (request.method !== "POST") return refuse(response, 404, "NotFound", "no such resource");
    if (subject === "init" && id === "error") return this.#initError(request, response);
    if (subject === "invocation" && id !== undefined && route.length === 3) {
      if (verb === "response") return this.#response(id, request, response);
      if (verb === "error") return this.#error(id, request, response);
    }
    return refuse(response, 404, "NotFound", "no such resource");
  }

  #next(response: ServerResponse): void {
    const missed = this.#adopted && this.#current !== null;
    if (this.#waiting !== null || (this.#current !== null && !missed)) {
      refuse(response, 403, "InvalidStateTransition", "an invocation is under way already");
      return;
    }
    this.#adopted = false;
    this.#current = null;
    this.#waiting = response;
    this.#initialised = true;
    response.on("close", () => {
      if (this.#waiting !== response) return;
      this.#waiting = null;
      this.events.away();
    });
    if (missed) this.events.missed();
    else this.events.ready();
  }

  async #response(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const payload = await readBody(request, responseBytesMax);
    if (id !== this.#current) return refuseId(response);
    this.#current = null;
    if (payload === null) {
      const message = `Response payload size exceeded maximum allowed size (${responseBytesMax})`;
      this.events.finished(errorOutcome("Function.ResponseSizeTooLarge", message));
      return refuse(response, 413, "RequestEntityTooLarge", message);
    }
    this.events.finished({ result: "response", payload });
    accept(response);
  }

  async #error(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await readError(request);
    if (id !== this.#current) return refuseId(response);
    this.#current = null;
    this.events.finished(outcome);
    accept(response);
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await readError(request);
    if (this.#initialised) {
      return refuse(response, 403, "InvalidStateTransition", "the runtime is initialised");
    }
    accept(response);
    this.events.initFailed(outcome);
  }
}

/** The error as the runtime worded it, if it is JSON at all. */
async function readError(request: IncomingMessage): Promise<InvocationOutcome> {
  const payload = await readBody(request, errorBytesMax);
  const type = request.headers["lambda-runtime-function-error-type"];
  const errorType = typeof type === "string" ? type : "Runtime.Unknown";
  if (payload === null) return errorOutcome(errorType, "the error itself was too large");
  if (!isJson(payload)) return errorOutcome(errorType, payload.toString("utf8"));
  return { result: "error", payload };
}

function isJson(payload: Buffer): boolean {
  try {
    JSON.parse(payload.toString("utf8"));
    return true;
  } catch {
    // That is the answer.
    return false;
  }
}

/** null: larger than allowed; it has been read to its end all the same. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > bytesMax ? null : Buffer.concat(chunks);
}

function accept(response: ServerResponse): void {
  reply(response, 202, { status: "OK" });
}

function refuseId(response: ServerResponse): void {
  refuse(response, 400, "InvalidRequestID", "no invocation of that id is under way here");
}

function refuse(
  response: ServerResponse,
  status: number,
  errorType: string,
  errorMessage: string,
): void {
  reply(response, status, { errorType, errorMessage });
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
