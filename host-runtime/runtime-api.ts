/**
 * Client of the Lambda Runtime API: next, response, error. The API may go away for a moment (the
 * daemon restarts): every call is repeated with back-off until `giveUpMs` have passed without it.
 */
import type { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { ImError } from "../platform/errors/im-error.js";
import { HttpClient } from "./http-client.js";
import { codeOf, messageOf, report } from "./report.js";

const invocationPath = "/2018-06-01/runtime/invocation";
const initErrorPath = "/2018-06-01/runtime/init/error";
const eventBytesMax = 8 * 1024 * 1024;
const firstPauseMs = 10;
const pauseMaxMs = 250;

export interface Invocation {
  readonly requestId: string;
  readonly payload: string;
  /** Wall clock, ms since the epoch: the environment is reset then. null: the API does not say. */
  readonly deadlineMs: number | null;
}

/**
 * `address`: `host:port`, or `unix:<path>` where the local engine serves it. An invocation may be
 * hours away: nothing times out while the socket stands.
 */
export function runtimeApiClient(address: string, agent?: Agent): HttpClient {
  if (address.startsWith("unix:")) {
    return new HttpClient({ socketPath: address.slice("unix:".length) }, eventBytesMax, agent);
  }
  const { hostname, port } = new URL(`http://${address}`);
  return new HttpClient({ host: hostname, port: port || 80 }, eventBytesMax, agent);
}

export class RuntimeApi {
  readonly #client: HttpClient;
  readonly #stop: AbortSignal;
  readonly #giveUpMs: number;

  /** `stop`: no call is repeated any more, and a waiting `next` returns null. */
  constructor(client: HttpClient, stop: AbortSignal, giveUpMs = 60_000) {
    this.#client = client;
    this.#stop = stop;
    this.#giveUpMs = giveUpMs;
  }

  async next(): Promise<Invocation | null> {
    try {
      return await this.#repeat(() => this.#next());
    } catch (error) {
      if (this.#stop.aborted) return null;
      throw error;
    }
  }

  async respond(requestId: string, body: object): Promise<void> {
    await this.#post(`${invocationPath}/${requestId}/response`, body, {});
  }

  async fail(requestId: string, error: unknown): Promise<void> {
    await this.#postError(`${invocationPath}/${requestId}/error`, error);
  }

  async failInit(error: unknown): Promise<void> {
    await this.#postError(initErrorPath, error);
  }

  close(): void {
    this.#client.close();
  }

  async #next(): Promise<Invocation> {
    const { status, headers, body } = await this.#client.ask({
      method: "GET",
      path: `${invocationPath}/next`,
      signal: this.#stop,
    });
    const requestId = headers["lambda-runtime-aws-request-id"];
    if (status !== 200 || typeof requestId !== "string") {
      throw new Error(`the Runtime API answered ${status} to next`);
    }
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    return { requestId, payload: body, deadlineMs: Number.isFinite(deadline) ? deadline : null };
  }

  #postError(path: string, error: unknown): Promise<void> {
    const errorType = codeOf(error) ?? "IM_INTERNAL";
    const body = { errorMessage: messageOf(error), errorType, stackTrace: [] };
    return this.#post(path, body, { "lambda-runtime-function-error-type": errorType });
  }

  async #post(path: string, body: object, headers: Record<string, string>): Promise<void> {
    await this.#repeat(async () => {
      const { status, body: answer } = await this.#client.ask({
        method: "POST",
        path,
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      if (status >= 500) throw new Error(`the Runtime API answered ${status} to ${path}`);
      // Refused for good (repeated, or nobody waits any more): repeating cannot help.
      if (status >= 400) report("response refused", { path, answer });
    });
  }

  async #repeat<T>(attempt: () => Promise<T>): Promise<T> {
    let pauseMs = firstPauseMs;
    let awaySinceMs: number | null = null;
    for (;;) {
      const startedMs = performance.now();
      try {
        return await attempt();
      } catch (error) {
        if (this.#stop.aborted) throw error;
        const nowMs = performance.now();
        // An attempt that waited had reached the API: it has only now gone away.
        if (awaySinceMs === null || nowMs - startedMs > pauseMaxMs) {
          awaySinceMs = nowMs;
          pauseMs = firstPauseMs;
        }
        if (nowMs - awaySinceMs >= this.#giveUpMs) {
          throw new ImError("IM_DAEMON_UNREACHABLE", {
            what: `the Runtime API has been away for ${Math.round(this.#giveUpMs / 1000)} s`,
            cause: error,
          });
        }
        await delay(pauseMs, undefined, { signal: this.#stop });
        pauseMs = Math.min(pauseMs * 2, pauseMaxMs);
      }
    }
  }
}
