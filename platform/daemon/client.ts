/** Typed client of the daemon's HTTP API. Every failure is an `ImError`. */
import { buildConnector, Pool } from "undici";
import { z } from "zod";
import { ImError } from "../errors/im-error.js";
import * as api from "./api.js";
import { decodeError } from "./error-codec.js";
import { unreachable } from "./health.js";
import { checkServer, type ServerCheck } from "./server-check.js";
import type {
  DeploymentStatus,
  DeployRequest,
  DeployResult,
  HostStatus,
  LifecycleEvent,
} from "./service.js";
import { type HostWhy, hostWhy } from "./why-document.js";

type Method = "GET" | "POST" | "DELETE";

export class DaemonClient {
  readonly #pool: Pool;

  constructor(socketPath: string, check: ServerCheck = checkServer) {
    // A wake takes as long as a boot does: only the daemon knows when to give up.
    this.#pool = new Pool("http://daemon", {
      connect: checkedConnector(socketPath, check),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** An abort ends what the deploy has begun, if nothing of that name was there before. */
  deploy(request: DeployRequest, signal?: AbortSignal): Promise<DeployResult> {
    return this.#call("POST", "/deployments", api.deployResult, request, signal);
  }

  status(deployment: string): Promise<DeploymentStatus> {
    return this.#call("GET", deploymentPath(deployment), api.deploymentStatus);
  }

  host(deployment: string, name: string): Promise<HostStatus> {
    return this.#call("GET", hostPath(deployment, name), api.hostStatus);
  }

  events(deployment: string): Promise<readonly LifecycleEvent[]> {
    return this.#call("GET", `${deploymentPath(deployment)}/events`, api.lifecycleEvents);
  }

  /** Past events first if asked for; ends when the deployment does. */
  async *follow(
    deployment: string,
    options: { readonly past: boolean; readonly signal?: AbortSignal },
  ): AsyncGenerator<LifecycleEvent> {
    const query = `follow=1&past=${options.past ? 1 : 0}`;
    const path = `${deploymentPath(deployment)}/events?${query}`;
    const body = await this.#request("GET", path, undefined, options.signal);
    try {
      for await (const line of lines(body)) yield api.lifecycleEvent.parse(JSON.parse(line));
    } catch (error) {
      if (options.signal?.aborted) return;
      throw asImError(error);
    }
  }

  /** Resolves when the host runs. */
  async wake(deployment: string, host: string): Promise<void> {
    await this.#call("POST", `${hostPath(deployment, host)}/wake`, api.done);
  }

  why(deployment: string, host: string): Promise<HostWhy> {
    return this.#call("GET", `${hostPath(deployment, host)}/why`, hostWhy);
  }

  /** Resolves when the host is suspended. */
  async suspend(deployment: string, host: string): Promise<void> {
    await this.#call("POST", `${hostPath(deployment, host)}/suspend`, api.done);
  }

  /** Resolves when the host is imaginary. */
  async stop(deployment: string, host: string): Promise<void> {
    await this.#call("POST", `${hostPath(deployment, host)}/stop`, api.done);
  }

  async down(deployment: string): Promise<void> {
    await this.#call("DELETE", deploymentPath(deployment), api.done);
  }

  /** In Prometheus' text format. */
  async metrics(): Promise<string> {
    return await text(await this.#request("GET", "/metrics"));
  }

  async logFile(deployment: string, host: string): Promise<string> {
    const path = `${hostPath(deployment, host)}/log-file`;
    const { logFile } = await this.#call("GET", path, api.logFileAnswer);
    return logFile;
  }

  /** Also ends what is under way. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #call<Schema extends z.ZodType>(
    method: Method,
    path: string,
    schema: Schema,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<z.infer<Schema>> {
    const response = await this.#request(method, path, body, signal);
    try {
      return schema.parse(JSON.parse(await text(response)));
    } catch (error) {
      throw asImError(error);
    }
  }

  /** The body of a successful answer. */
  async #request(method: Method, path: string, body?: unknown, signal?: AbortSignal) {
    try {
      const response = await this.#pool.request({
        method,
        path,
        ...(signal === undefined ? {} : { signal }),
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      if (response.statusCode === 200) return response.body;
      throw decodeError(JSON.parse(await text(response.body)));
    } catch (error) {
      throw asImError(error);
    }
  }
}

/** Before a request is written: it may carry secrets. */
function checkedConnector(socketPath: string, check: ServerCheck): buildConnector.connector {
  const connect = buildConnector({ socketPath });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      try {
        check(socket);
      } catch (refusal) {
        socket.destroy();
        callback(asImError(refusal), null);
        return;
      }
      callback(null, socket);
    });
  };
}

function deploymentPath(deployment: string): string {
  return `/deployments/${encodeURIComponent(deployment)}`;
}

function hostPath(deployment: string, host: string): string {
  return `${deploymentPath(deployment)}/hosts/${encodeURIComponent(host)}`;
}

function asImError(error: unknown): ImError {
  if (error instanceof ImError) return error;
  if (error instanceof SyntaxError || error instanceof z.ZodError) {
    const what = "the daemon sent an answer that cannot be understood";
    return new ImError("IM_INTERNAL", { what, cause: error });
  }
  return unreachable(error);
}

async function text(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > api.responseBytesMax) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > api.eventBytesMax) throw new Error("an event is too long");
    yield* parts;
  }
  // What a daemon that was killed left behind midway is no event.
}
