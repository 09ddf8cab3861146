/** The Lambda Runtime API of one environment, on a Unix socket. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Mailbox } from "./mailbox.js";

export interface Answer {
  readonly kind: "response" | "error" | "init-error";
  readonly requestId: string;
  readonly body: Record<string, unknown>;
}

const route = /^\/2018-06-01\/runtime\/(?:invocation\/([^/]+)\/(response|error)|init\/error)$/;

export class FakeRuntimeApi {
  readonly answers = new Mailbox<Answer>("an answer to the Runtime API");
  /** One for each `next`. */
  readonly polls = new Mailbox<true>("a call of next");
  readonly #server: Server;
  #events: { readonly payload: string; readonly deadlineMs: number | null }[] = [];
  #poll: ServerResponse | null = null;
  #requests = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, "listening");
  }

  /** Hands the payload to the environment as it is, with this much time for it. */
  invoke(payload: unknown, leftMs: number | null = null): void {
    this.#events.push({
      payload: typeof payload === "string" ? payload : JSON.stringify(payload),
      deadlineMs: leftMs === null ? null : Date.now() + leftMs,
    });
    this.#deliver();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === "/2018-06-01/runtime/invocation/next") {
      this.#poll = response;
      this.polls.push(true);
      this.#deliver();
      return;
    }
    const match = route.exec(request.url ?? "");
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const kind = match?.[2] === "response" || match?.[2] === "error" ? match[2] : "init-error";
    this.answers.push({ kind, requestId: match?.[1] ?? "", body: JSON.parse(text) });
    response.writeHead(match === null ? 404 : 202).end("{}");
  }

  #deliver(): void {
    const poll = this.#poll;
    if (poll === null) return;
    const event = this.#events.shift();
    if (event === undefined) return;
    this.#poll = null;
    this.#requests += 1;
    poll.writeHead(200, {
      "Lambda-Runtime-Aws-Request-Id": `request-${this.#requests}`,
      ...(event.deadlineMs === null ? {} : { "Lambda-Runtime-Deadline-Ms": event.deadlineMs }),
    });
    poll.end(event.payload);
  }
}
