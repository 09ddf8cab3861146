/**
 * The embedded DynamoDB's process: `node server.js <directory> <socket>`. Lives as long as the
 * process that started it: without that one's channel it ends. An error that dynalite does not
 * catch ends it too, to be started again: what was written stays, clients repeat.
 */
import assert from "node:assert";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { ChildMessage } from "./child-protocol.js";
import { createStore } from "./store.js";

const idleConnectionMs = 600_000;

async function main(directory: string, socketPath: string): Promise<void> {
  // The table and the socket are their owner's alone.
  process.umask(0o077);
  await mkdir(directory, { recursive: true });
  const { server, open } = createStore(directory);
  await open();
  // The directory is ours from here on, and so is a socket that a killed process left behind.
  await rm(socketPath, { force: true });
  server.keepAliveTimeout = idleConnectionMs;
  server.listen(socketPath);
  await once(server, "listening");
  const close = closer(server);
  process.on("disconnect", close);
  if (!process.connected) close();
  say({ type: "ready" });
}

/** Answers what is under way, closes the store, and with nothing left to do the process ends. */
function closer(server: Server): () => void {
  let requestsCount = 0;
  let closing = false;
  const hangUp = () => {
    // Node itself would wait for a connection that never carried a request.
    if (closing && requestsCount === 0) server.closeAllConnections();
  };
  server.on("request", (_request, response) => {
    requestsCount += 1;
    response.once("close", () => {
      requestsCount -= 1;
      hangUp();
    });
  });
  return () => {
    closing = true;
    server.close();
    hangUp();
  };
}

function say(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  // The store's own error only says that it is not open; the reason is the cause.
  if (error.cause !== undefined) return codeOf(error.cause);
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function fail(error: unknown): void {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  process.exitCode = 1;
  process.send?.({ type: "failed", code: codeOf(error), message }, () => process.disconnect());
}

const [, , directory, socketPath] = process.argv;
assert(directory !== undefined && socketPath !== undefined, "directory and socket are given");
main(directory, socketPath).catch(fail);
