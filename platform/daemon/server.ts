/** The daemon's HTTP API, on its Unix socket. */
import { chmodSync } from "node:fs";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { ImError } from "../errors/im-error.js";
import type { Log } from "../ports/log.js";
import { requestBytesMax } from "./api.js";
import { encodeError } from "./error-codec.js";
import { EventStreams } from "./event-streams.js";
import { isTrustedUser, type PeerUser } from "./peer-check.js";
import { addRoutes } from "./routes.js";
import type { DaemonService } from "./service.js";

export interface ServerOptions {
  readonly service: DaemonService;
  readonly version: string;
  readonly nodeSocket: string;
  readonly log: Log;
  readonly ownUser: number;
  readonly peerUser: PeerUser;
  /** A request for this path has begun or ended. */
  readonly onActivity?: (path: string) => void;
  /** A deployment was ended, and the caller has been told. */
  readonly onDown?: () => void;
}

/** Every request is validated with zod: Fastify's own compilers would only take 60 ms to load. */
const ownSchemas = {
  compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema },
};

function refuseSchema(): never {
  throw new Error("no route has a schema of Fastify's");
}

export class DaemonServer {
  readonly #app: FastifyInstance;
  readonly #streams: EventStreams;
  #underWay = 0;

  constructor(options: ServerOptions) {
    this.#streams = new EventStreams(options.service);
    this.#app = fastify({
      bodyLimit: requestBytesMax,
      forceCloseConnections: true,
      schemaController: ownSchemas,
      routerOptions: { maxParamLength: 512 },
    });
    this.#refuseOthers(options);
    this.#countRequests(options);
    this.#app.setErrorHandler<FastifyError>((error, request, reply) => {
      if (!(error instanceof ImError)) {
        const { method, url } = request;
        options.log.error({ err: error, method, url }, "request failed");
      }
      return sendError(reply, error);
    });
    this.#app.setNotFoundHandler((request, reply) => {
      const what = `the daemon has no ${request.method} ${request.url}`;
      return sendError(reply, new ImError("IM_USAGE", { what }), 404);
    });
    addRoutes(this.#app, options, this.#streams);
  }

  /** Requests whose answers are not complete, streams among them. */
  get underWay(): number {
    return this.#underWay;
  }

  async listen(path: string): Promise<void> {
    await this.#app.listen({ path });
    chmodSync(path, 0o600);
  }

  /** Also removes the socket. */
  async close(): Promise<void> {
    this.#streams.endAll();
    await this.#app.close();
  }

  #refuseOthers(options: ServerOptions): void {
    this.#app.server.on("connection", (socket) => {
      const user = options.peerUser(socket);
      if (isTrustedUser(user, options.ownUser)) return;
      options.log.warn({ user }, "refused a connection of another user");
      socket.destroy();
    });
  }

  #countRequests(options: ServerOptions): void {
    this.#app.addHook("onRequest", (request, reply, next) => {
      this.#underWay += 1;
      options.onActivity?.(request.url);
      // Also emitted for an answer that was cut off.
      reply.raw.once("close", () => {
        this.#underWay -= 1;
        options.onActivity?.(request.url);
        if (request.method === "DELETE") options.onDown?.();
      });
      next();
    });
  }
}

function sendError(reply: FastifyReply, error: FastifyError | ImError, status?: number) {
  if (error instanceof ImError) {
    const code = status ?? (error.exitCode === 1 ? 400 : 500);
    return reply.code(code).send(encodeError(error));
  }
  // Fastify's own refusals (a body too large, not JSON) are the caller's mistake.
  const refused = error.statusCode !== undefined && error.statusCode < 500;
  const mistake = new ImError("IM_USAGE", { what: `the daemon refused it: ${error.message}` });
  return reply.code(error.statusCode ?? 500).send(encodeError(refused ? mistake : error));
}
