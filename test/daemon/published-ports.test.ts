import { once } from "node:events";
import { connect, createServer } from "node:net";
import test, { type ExecutionContext } from "ava";
import { PublishedPorts } from "../../platform/daemon/published-ports-adapter.js";
import { ImError } from "../../platform/errors/im-error.js";
import { silentLog } from "../fixtures/daemon/silent-log.js";
import { freePort } from "../process/world.js";

/** 127.0.0.1 */
const loopback = 0x7f000001;

async function greeter(t: ExecutionContext, word: string): Promise<number> {
  const server = createServer((socket) => socket.end(word));
  t.teardown(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function said(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  const [word] = await once(socket, "data");
  socket.destroy();
  return String(word);
}

test("a published port leads to its new target as soon as that is committed", async (t) => {
  const [from, one, two] = [await freePort(), await greeter(t, "one"), await greeter(t, "two")];
  const ports = new PublishedPorts(silentLog, (_, port) => port);
  t.teardown(() => ports.close());
  (await ports.prepare([{ from, address: loopback, to: one }])).commit();
  t.is(await said(from), "one");
  const prepared = await ports.prepare([{ from, address: loopback, to: two }]);
  t.is(await said(from), "one");
  prepared.commit();
  t.is(await said(from), "two");
});

test("where one port is taken the published ones stay and no other is opened", async (t) => {
  const [from, other, to] = [await freePort(), await freePort(), await greeter(t, "one")];
  const taken = await greeter(t, "taken");
  const ports = new PublishedPorts(silentLog, (_, port) => port);
  t.teardown(() => ports.close());
  (await ports.prepare([{ from, address: loopback, to }])).commit();
  const wanted = [other, taken].map((port) => ({ from: port, address: loopback, to }));
  const error = await t.throwsAsync(ports.prepare(wanted), { instanceOf: ImError });
  t.is(error?.code, "IM_PORT_TAKEN");
  t.is(await said(from), "one");
  await t.throwsAsync(said(other), { code: "ECONNREFUSED" });
});
