import { chmodSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Extensions, type ExtensionsHost } from "./extensions.js";
import { errorOutcome, type Invocation, type InvocationOutcome } from "./invocation.js";
import { accept, headerOf, readBody, refuse } from "./runtime-http.js";
import { nextRuntimeState, type RuntimeCall, type RuntimeState } from "./runtime-states.js";

const runtimePath = "/2018-06-01/runtime/";
const extensionPath = "/2020-01-01/extension/";
/** AWS's 6 MB, and 100 bytes for what may be around a payload. */
export const responseBytesMax = 6 * 1024 * 1024 + 100;
const errorBytesMax = 256 * 1024;

/** What the runtime in an environment does, as its API sees it. */
export interface RuntimeEvents {
  /** It asked for its next invocation and waits, and so do its extensions. */
  ready(): void;
  /** A wait ended without one: the connection is gone, it may ask again. */
  away(): void;
  /** It asked for one though it has one, after an adoption: that one never reached it. */
  missed(): void;
  /** It answered the invocation that it had. */
  finished(outcome: InvocationOutcome): void;
  initFailed(outcome: InvocationOutcome): void;
}

/**
 * The Runtime API of one environment, on a Unix socket of its own: a runtime can speak for no
 * environment but its own. One invocation at a time; what may be called when: `runtime-states.ts`.
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #extensions: Extensions;
  #state: RuntimeState = "started";
  #waiting: ServerResponse | null = null;
  /** The last one that was handed over, also once it is answered. */
  #current: string | null = null;
  /** `ready` was said, and nothing has changed since. */
  #isReady = false;
  #adopted = false;

  constructor(
    private readonly events: RuntimeEvents,
    about: ExtensionsHost["about"],
  ) {
    this.#extensions = new Extensions({
      about,
      initialising: () => this.#state === "started",
      changed: () => this.#weigh(),
    });
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
    this.#adopted = true;
    if (requestId !== null) this.#state = "busy";
    else if (initialised) this.#state = "answered";
    this.#extensions.adopt();
  }

  /** AWS sends SIGTERM only where this is so. */
  get hasExtensions(): boolean {
    return this.#extensions.registered;
  }

  /** Hands the runtime, which must be waiting, its next invocation. `deadlineMs`: wall clock. */
  deliver(invocation: Invocation, deadlineMs: number, traceId: string): void {
    const response = this.#waiting;
    const payload = invocation.payload ?? Buffer.alloc(0);
    if (response === null) throw new Error("the runtime does not wait for an invocation");
    this.#waiting = null;
    this.#isReady = false;
    this.#state = "busy";
    this.#current = invocation.requestId;
    const { requestId, functionArn: invokedFunctionArn } = invocation;
    const tracing = { type: "X-Amzn-Trace-Id", value: traceId };
    const deadline = Math.round(deadlineMs);
    this.#extensions.invoked({ deadlineMs: deadline, requestId, invokedFunctionArn, tracing });
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": payload.length,
      "Lambda-Runtime-Aws-Request-Id": invocation.requestId,
      "Lambda-Runtime-Deadline-Ms": deadline,
      "Lambda-Runtime-Invoked-Function-Arn": invocation.functionArn,
      "Lambda-Runtime-Trace-Id": traceId,
      ...(invocation.tenantId === null
        ? {}
        : { "Lambda-Runtime-Aws-Tenant-Id": invocation.tenantId }),
      ...(invocation.clientContext === null
        ? {}
        : { "Lambda-Runtime-Client-Context": invocation.clientContext }),
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
    if (path.startsWith(extensionPath)) {
      return this.#extensions.handle(path.slice(extensionPath.length), request, response);
    }
    const route = path.startsWith(runtimePath) ? path.slice(runtimePath.length).split("/") : [];
    const [subject, id, verb] = route;
    const call = `${request.method} ${subject} ${id}`;
    if (route.length === 2 && call === "GET invocation next") return this.#next(response);
    if (route.length === 2 && call === "POST init error") return this.#initError(request, response);
    if (subject === "invocation" && id !== undefined && route.length === 3) {
      if (`${request.method} ${verb}` === "POST response") {
        return this.#response(id, request, response);
      }
      if (`${request.method} ${verb}` === "POST error") return this.#error(id, request, response);
    }
    return refuse(response, 404, "NotFound", "no such resource");
  }

  #next(response: ServerResponse): void {
    const missed = this.#adopted && this.#state === "busy";
    if (missed) this.#state = "answered";
    if (!this.#move("next", response)) return;
    this.#adopted = false;
    this.#waiting = response;
    response.on("close", () => {
      if (this.#waiting !== response) return;
      this.#waiting = null;
      this.#state = "answered";
      this.#weigh();
    });
    if (missed) {
      this.#isReady = true;
      this.events.missed();
    } else this.#weigh();
  }

  /** Says whether it is time for an event, when that has changed. */
  #weigh(): void {
    const isReady = this.#waiting !== null && this.#extensions.quiet;
    if (isReady === this.#isReady) return;
    this.#isReady = isReady;
    if (isReady) this.events.ready();
    else this.events.away();
  }

  async #response(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const payload = await readBody(request, responseBytesMax);
    if (id !== this.#current) return refuseId(response);
    const mode = headerOf(request, "lambda-runtime-function-response-mode");
    if (mode !== null && mode.toLowerCase() !== "streaming") {
      return refuse(response, 400, "InvalidFunctionResponseMode", "Invalid function response mode");
    }
    if (!this.#move("response", response)) return;
    if (payload === null) {
      const message = `payload size exceeded maximum allowed payload size (${responseBytesMax}`;
      const type = "Function.ResponseSizeTooLarge";
      this.events.finished(errorOutcome(type, `Response ${message} bytes).`));
      const refusal = `Exceeded maximum allowed payload size (${responseBytesMax} bytes).`;
      return refuse(response, 413, "RequestEntityTooLarge", refusal);
    }
    this.events.finished(brokenStream(request) ?? { result: "response", payload });
    accept(response);
  }

  async #error(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await readError(request);
    if (id !== this.#current) return refuseId(response);
    if (!this.#move("error", response)) return;
    this.events.finished(outcome);
    accept(response);
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await readError(request);
    if (!this.#move("init error", response)) return;
    accept(response);
    this.events.initFailed(outcome);
  }

  /** False: it was refused. */
  #move(call: RuntimeCall, response: ServerResponse): boolean {
    const state = nextRuntimeState(this.#state, call);
    if (state === null) {
      const message = `State transition from ${this.#state} by ${call} failed for runtime.`;
      const reason = "Error: State transition is not allowed";
      refuse(response, 403, "InvalidStateTransition", `${message} ${reason}`);
      return false;
    }
    this.#state = state;
    return true;
  }
}

/** A stream that failed midway says so behind its last piece. */
function brokenStream(request: IncomingMessage): InvocationOutcome | null {
  const type = request.trailers["lambda-runtime-function-error-type"];
  if (type === undefined) return null;
  const body = request.trailers["lambda-runtime-function-error-body"] ?? "";
  const payload = Buffer.from(body, "base64");
  return isJson(payload) ? { result: "error", payload } : errorOutcome(type, "the stream broke");
}

/** The error as the runtime worded it, if it is JSON at all. */
async function readError(request: IncomingMessage): Promise<InvocationOutcome> {
  const payload = await readBody(request, errorBytesMax);
  const errorType = headerOf(request, "lambda-runtime-function-error-type") ?? "Runtime.Unknown";
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

function refuseId(response: ServerResponse): void {
  refuse(response, 400, "InvalidRequestID", "Invalid request ID");
}
