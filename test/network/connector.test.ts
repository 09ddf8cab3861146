import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import test from "ava";
import { findConnector, programOf } from "../../platform/network/connector-adapter.js";
import { parseAddress } from "../../platform/network/layout.js";
import { loadAddon } from "../../shim/index.js";

const loopback = parseAddress("127.0.0.1");
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
  t.deepEqual(findConnector(addon, own, process.pid), expected);
  t.deepEqual(findConnector(addon, own, pid), expected);
  t.deepEqual(findConnector(addon, own, null), expected);
  t.is(findConnector(addon, { ...own, port: 1 }, null), null);
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
  t.is(findConnector(loadAddon(), own, process.pid), null);
});

test("a process that has ended has no program", (t) => {
  t.is(programOf(process.pid), "node");
  t.is(programOf(2 ** 22 + 1), null);
});
