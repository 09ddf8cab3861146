/**
 * The one question that every command asks first. On `node:http` and by hand, because `im run`
 * waits for it: undici and zod together would double the time that it takes to start.
 */
import { request } from "node:http";
import { ImError } from "../errors/im-error.js";
import type { Configuration } from "./configuration.js";
import { hasRuntimeDirectory } from "./directories.js";
import { decodeError } from "./error-codec.js";
import { checkServer, type ServerCheck } from "./server-check.js";

export interface Health {
  readonly pid: number;
  readonly version: string;
  readonly nodeSocket: string;
  /** Names of everything deployed. */
  readonly deployments: readonly string[];
}

const answerBytesMax = 4 * 1024 * 1024;
const silenceMsMax = 10_000;

/** Nobody listens there, or the daemon ended while we asked: it is not there (any more). */
const absentCodes = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/**
 * null: no daemon is there. Nothing is asked in a directory that somebody else may have made: where
 * /tmp holds it, its path can be foretold.
 */
export async function findHealth(configuration: Configuration): Promise<Health | null> {
  const { runtimeDirectory, daemonSocket } = configuration;
  if (!hasRuntimeDirectory(runtimeDirectory, process.getuid?.() ?? 0)) return null;
  return await readHealth(daemonSocket);
}

/** null: no daemon is there. */
export async function readHealth(
  socketPath: string,
  check: ServerCheck = checkServer,
): Promise<Health | null> {
  let text: string;
  try {
    text = await ask(socketPath, check);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error instanceof ImError ? error : unreachable(error);
  }
  const body = parseJson(text);
  const health = decodeHealth(body);
  if (health === null) throw decodeError(body);
  return health;
}

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && absentCodes.has(String(error.code));
}

function ask(socketPath: string, check: ServerCheck): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { socketPath, path: "/health", agent: false, timeout: silenceMsMax };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) call.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    call.on("socket", (socket) => {
      socket.once("connect", () => {
        try {
          check(socket);
        } catch (error) {
          reject(error);
          call.destroy();
        }
      });
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${silenceMsMax} ms`)));
    call.on("error", reject);
    call.end();
  });
}

export function unreachable(cause: unknown): ImError {
  return new ImError("IM_DAEMON_UNREACHABLE", {
    what: "the daemon does not answer",
    received: cause instanceof Error ? cause.message : String(cause),
    cause,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function decodeHealth(body: unknown): Health | null {
  if (typeof body !== "object" || body === null) return null;
  if (!("pid" in body && "version" in body && "nodeSocket" in body && "deployments" in body)) {
    return null;
  }
  const { pid, version, nodeSocket, deployments } = body;
  if (typeof pid !== "number" || typeof version !== "string") return null;
  if (typeof nodeSocket !== "string" || !Array.isArray(deployments)) return null;
  return { pid, version, nodeSocket, deployments: deployments.map(String) };
}
