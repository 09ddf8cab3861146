import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { HttpClient } from "../../host-runtime/http-client.js";
import { RuntimeApi, runtimeApiClient } from "../../host-runtime/runtime-api.js";

async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "im-api-"));
  const path = join(directory, "api.sock");
  const server = createServer(listener).listen(path);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  await once(server, "listening");
  return `unix:${path}`;
}

function apiAt(t: ExecutionContext, address: string, stop = new AbortController()): RuntimeApi {
  return patientApi(t, address, stop, 20_000);
}

function patientApi(
  t: ExecutionContext,
  address: string,
  stop: AbortController,
  giveUpMs: number,
): RuntimeApi {
  const api = new RuntimeApi(runtimeApiClient(address), stop.signal, giveUpMs);
  t.teardown(() => api.close());
  return api;
}

test("an API that stays away is given up with an error that says so", async (t) => {
  const api = patientApi(t, "unix:/nonexistent/api.sock", new AbortController(), 150);
  await t.throwsAsync(api.next(), { code: "IM_DAEMON_UNREACHABLE" });
  await t.throwsAsync(api.respond("r", {}), { code: "IM_DAEMON_UNREACHABLE" });
});

test("a host and a port are an address too", async (t) => {
  const server = createServer((_, response) => {
    response.setHeader("Lambda-Runtime-Aws-Request-Id", "r-1").end("{}");
  }).listen(0, "127.0.0.1");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  t.deepEqual(await apiAt(t, `127.0.0.1:${port}`).next(), {
    requestId: "r-1",
    payload: "{}",
    deadlineMs: null,
  });
});

test("a server that fails for a moment is asked again, and one that refuses is not", async (t) => {
  const statuses = [500, 503, 202, 400, 202];
  const seen: string[] = [];
  const address = await serve(t, (request, response) => {
    seen.push(request.url ?? "");
    response.writeHead(statuses.shift() ?? 500).end("{}");
  });
  const api = apiAt(t, address);
  await api.respond("first", {});
  await api.respond("second", {});
  await api.fail("third", new Error("x"));
  t.deepEqual(
    seen.map((url) => url.replace("/2018-06-01/runtime/invocation/", "")),
    ["first/response", "first/response", "first/response", "second/response", "third/error"],
  );
});

test("a next that waits returns nothing when the environment is told to end", async (t) => {
  const stop = new AbortController();
  const address = await serve(t, () => stop.abort());
  t.is(await apiAt(t, address, stop).next(), null);
});

test("a connection cut while next waits is no end: it is asked again", async (t) => {
  let calls = 0;
  const address = await serve(t, (request, response) => {
    calls += 1;
    if (calls < 3) request.socket.destroy();
    else response.setHeader("Lambda-Runtime-Aws-Request-Id", "r-1").end("{}");
  });
  t.deepEqual(await apiAt(t, address).next(), {
    requestId: "r-1",
    payload: "{}",
    deadlineMs: null,
  });
});

test("an error carries its code as the type", async (t) => {
  const received: unknown[] = [];
  const address = await serve(t, (request, response) => {
    request.setEncoding("utf8").on("data", (text) => {
      received.push(request.url, request.headers["lambda-runtime-function-error-type"]);
      received.push(JSON.parse(text));
    });
    request.on("end", () => response.writeHead(202).end("{}"));
  });
  const error = Object.assign(new Error("no addon"), { code: "IM_NOT_BUILT" });
  await apiAt(t, address).failInit(error);
  t.deepEqual(received, [
    "/2018-06-01/runtime/init/error",
    "IM_NOT_BUILT",
    { errorMessage: "no addon", errorType: "IM_NOT_BUILT", stackTrace: [] },
  ]);
});

test("all that is asked goes over one connection", async (t) => {
  const sockets = new Set<unknown>();
  const address = await serve(t, (request, response) => {
    sockets.add(request.socket);
    request.resume();
    response.setHeader("Lambda-Runtime-Aws-Request-Id", "r-1").end("{}");
  });
  const api = apiAt(t, address);
  await Promise.all([api.next(), api.respond("r-1", {}), api.next()]);
  t.is(sockets.size, 1);
});

test("an answer that is longer than it may be is an error", async (t) => {
  const address = await serve(t, (_, response) => response.end("x".repeat(11)));
  const client = new HttpClient({ socketPath: address.slice("unix:".length) }, 10);
  t.teardown(() => client.close());
  await t.throwsAsync(client.ask({ method: "GET", path: "/" }), { message: /too long/ });
});
