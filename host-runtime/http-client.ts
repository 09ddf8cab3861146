/**
 * HTTP to one server over one connection that stays open. Node's own, and no more of it than that:
 * every environment that sleeps keeps what it has loaded.
 */
import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from "node:http";
import { text } from "node:stream/consumers";

export interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Place = Pick<RequestOptions, "socketPath" | "host" | "port">;

export class HttpClient {
  readonly #place: Place;
  readonly #bytesMax: number;
  readonly #agent: Agent;

  /** `bytesMax`: of an answer; a longer one is an error. Nothing times out. */
  constructor(
    place: Place,
    bytesMax: number,
    agent = new Agent({ keepAlive: true, maxSockets: 1 }),
  ) {
    this.#place = place;
    this.#bytesMax = bytesMax;
    this.#agent = agent;
  }

  ask({ method, path, headers = {}, body = "", signal }: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = { "content-length": String(Buffer.byteLength(body)) };
      const asked = request({
        ...this.#place,
        ...(signal === undefined ? {} : { signal }),
        agent: this.#agent,
        headers: method === "GET" ? headers : { ...headers, ...length },
        method,
        path,
      });
      asked.on("error", reject);
      asked.once("response", (response) => {
        let bytes = 0;
        response.on("data", (data: Buffer) => {
          bytes += data.length;
          if (bytes > this.#bytesMax) response.destroy(new Error(`${path}: a too long answer`));
        });
        const { statusCode: status = 0, headers: answered } = response;
        text(response).then((whole) => resolve({ status, headers: answered, body: whole }), reject);
      });
      asked.end(body);
    });
  }

  /** What is still being asked fails. */
  close(): void {
    this.#agent.destroy();
  }
}
