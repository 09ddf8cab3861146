import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import test from "ava";
import { programOf, SlicedSearch } from "../../platform/network/connector-adapter.js";
import { parseAddress } from "../../platform/network/layout.js";
import { loadAddon } from "../../shim/index.js";

const loopback = parseAddress("127.0.0.1");
const ignore = () => undefined;
/** A machine that is busy with other tests takes its time. */
const patienceMs = 10_000;
const dial = "require('net').connect(+process.argv[1], '127.0.0.1')";

test("the process at the other end of a connection is found by its socket", async (t) => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const place = server.address();
  if (place === null || typeof place === "string") return t.fail();
  const client = spawn(process.execPath, ["-e", dial, String(place.port)]);
  const [socket] = await once(server, "connection");
  t.teardown(async () => {
    client.kill("SIGKILL");
    await once(client, "exit");
    socket.destroy();
    server.close();
  });
  const own = { address: loopback, port: socket.remotePort };
  const addon = loadAddon();
  const pid = client.pid ?? 0;
  const expected = { pid, program: "node" };
  for (const root of [process.pid, pid, null]) {
    t.deepEqual(new SlicedSearch(addon, own, root, ignore, patienceMs).finish(), expected);
  }
  t.is(new SlicedSearch(addon, { ...own, port: 1 }, null).finish(), null);
  // Nobody waits for this one: it comes to its end by itself.
  const search: SlicedSearch = await new Promise((resolve) => {
    const end = () => resolve(begun);
    const begun = new SlicedSearch(addon, own, process.pid, end, patienceMs);
    t.is(begun.found, null);
  });
  t.deepEqual(search.found, expected);
});

test("what this process itself has connected is nobody's", async (t) => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const place = server.address();
  if (place === null || typeof place === "string") return t.fail();
  const client = connect(place.port, "127.0.0.1");
  await once(client, "connect");
  t.teardown(() => {
    client.destroy();
    server.close();
  });
  const own = { address: loopback, port: client.localPort ?? 0 };
  t.is(new SlicedSearch(loadAddon(), own, process.pid).finish(), null);
});

test("a process that has ended has no program", (t) => {
  t.is(programOf(process.pid), "node");
  t.is(programOf(2 ** 22 + 1), null);
});
