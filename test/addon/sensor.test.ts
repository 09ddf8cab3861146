import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import test, { type ExecutionContext } from "ava";
import { connectionFields, loadAddon } from "../../shim/index.js";
import { connect, dotted, ownAddress } from "./loopback.js";
import { python, withPython } from "./python.js";

const addon = loadAddon();
const address = ownAddress();

type Row = Record<(typeof connectionFields)[number], number>;

function rows(): readonly Row[] {
  const numbers = addon.connections(address, 32);
  return Array.from({ length: numbers.length / connectionFields.length }, (_, index) => {
    const at = index * connectionFields.length;
    return Object.fromEntries(
      connectionFields.map((name, field) => [name, numbers[at + field]]),
    ) as Row;
  });
}

async function served(t: ExecutionContext, host = dotted(address)) {
  const accepted: net.Socket[] = [];
  const server = net.createServer((socket) => accepted.push(socket.pause()));
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const client = await connect(address, port);
  if (accepted.length === 0) await once(server, "connection");
  const close = () => {
    for (const socket of [...accepted, client]) socket.destroy();
    server.close();
  };
  t.teardown(close);
  return { port, client, near: accepted[0] as net.Socket };
}

/** Of a kernel with 100 a second. */
const tickMsMax = 10;

/** Looks until it is so: the kernel counts a little after the call that caused it. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.serial("a connection is told with its counters, queues and ends", async (t) => {
  const { port, client, near } = await served(t);
  client.write("12345");
  const asked = await until(() => rows().find((row) => row.port === port && row.received === 5));
  t.like(asked, { protocol: 6, address, peerAddress: 0x7f000001, state: 1, sent: 0 });
  t.is(asked.peerPort, client.localPort ?? 0);
  near.write("123");
  const answered = await until(() => rows().find((row) => row.port === port && row.sent === 3));
  t.is(answered.cookie, asked.cookie);
  t.not(answered.mark, asked.mark);
  t.not(answered.inode, 0);
  client.end();
  await until(() => rows().find((row) => row.port === port && row.state === 8));
});

test.serial(
  "nothing but time has passed: the mark is the same, and the room is used again",
  async (t) => {
    const { port } = await served(t);
    const before = await until(() => rows().find((row) => row.port === port && row.inode !== 0));
    t.is(rows().find((row) => row.port === port)?.mark, before.mark);
    const first = addon.connections(address, 32);
    t.is(addon.connections(address, 32, first).buffer, first.buffer);
    t.not(addon.connections(address, 32, new Float64Array(1)).buffer, first.buffer);
  },
);

test.serial("a v4-mapped connection is told as its IPv4 one, a listener not at all", async (t) => {
  const { port, client } = await served(t, `::ffff:${dotted(address)}`);
  client.write("1");
  const row = await until(() => rows().find((one) => one.port === port && one.received === 1));
  t.is(row.address, address);
  t.is(rows().filter((one) => one.port === port).length, 1);
});

test.serial("a connection that nobody accepted has no inode, and its bytes wait", async (t) => {
  const port = 7171;
  const placeholder = addon.openPlaceholder(address, port);
  t.teardown(() => addon.close(placeholder));
  const client = await connect(address, port);
  t.teardown(() => client.destroy());
  client.write("123");
  const row = await until(() => rows().find((one) => one.receiveQueue === 3));
  t.like(row, { port, inode: 0, state: 1 });
});

test.serial("a UDP socket with a datagram that waits is told", async (t) => {
  t.plan(1);
  const { createSocket } = await import("node:dgram");
  const [receiver, sender] = [createSocket("udp4"), createSocket("udp4")];
  t.teardown(() => {
    receiver.close();
    sender.close();
  });
  await new Promise<void>((resolve) => receiver.bind(7272, dotted(address), resolve));
  await new Promise((resolve) => sender.send("12", 7272, dotted(address), resolve));
  const row = rows().find((one) => one.protocol === 17);
  t.is(row?.port, 7272);
});

test.serial("what was closed last is told, whichever end closed, and whose it was", async (t) => {
  t.is(addon.lastClosed(address + 1), null);
  for (const closes of ["client", "near"] as const) {
    const { port, client, near } = await served(t);
    const peerPort = client.localPort;
    const other = closes === "client" ? near : client;
    for (const one of [client, near]) one.resume();
    (closes === "client" ? client : near).end();
    await once(other, "end");
    other.end();
    await Promise.all([client, near].map((one) => (one.closed ? null : once(one, "close"))));
    const closed = await until(() => {
      const last = addon.lastClosed(address);
      return last?.port === port ? last : undefined;
    });
    t.like(closed, { port, peerAddress: 0x7f000001, peerPort });
    t.true(closed.agoMs < 10_000, `${closed.agoMs}`);
    // Of two that ended within one tick of the kernel's nobody can say which was the last.
    await until(() => ((addon.lastClosed(address)?.agoMs ?? 0) > tickMsMax ? true : undefined));
  }
  t.is(addon.lastClosed(address + 1), null);
});

test.serial("a connection that was reset leaves no trace", async (t) => {
  const { port, client, near } = await served(t);
  const reset = once(near.resume(), "error");
  client.resetAndDestroy();
  await reset;
  t.not(addon.lastClosed(address)?.port, port);
});

test.serial("a prefix that is longer than an address is refused", (t) => {
  t.throws(() => addon.connections(address, 33), { code: "EINVAL" });
});

/** A server that reads nothing until it is told: what comes stays in its socket. */
const idleServer = `
import socket, sys
s = socket.socket(); s.bind(("${dotted(address)}", 0)); s.listen()
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
print("accepted", flush=True)
sys.stdin.read()`;

async function guarded(t: ExecutionContext) {
  const { child, pid, first, lines } = await python(t, idleServer);
  const accepted = once(lines, "line");
  const client = await connect(address, Number(first));
  t.teardown(() => client.destroy());
  await accepted;
  return { child, pid, client };
}

function arm(t: ExecutionContext, child: ChildProcess): number {
  const guard = addon.guardSockets([child.pid as number]);
  t.teardown(() => addon.close(guard));
  return guard;
}

withPython("a guard fires when data arrives at a stopped process, and says where", async (t) => {
  const { child, client } = await guarded(t);
  child.kill("SIGSTOP");
  const guard = arm(t, child);
  t.is(addon.guardFired(guard), null);
  const fired = new Promise<void>((resolve) => addon.watch(guard, resolve));
  client.write("1");
  await fired;
  const cookie = addon.guardFired(guard);
  t.is(rows().find((row) => row.cookie === cookie)?.receiveQueue, 1);
  t.is(addon.guardFired(guard), null);
});

withPython("a guard fires when the peer closes, and when it resets", async (t) => {
  for (const end of ["end", "resetAndDestroy"] as const) {
    const { child, client } = await guarded(t);
    child.kill("SIGSTOP");
    const guard = arm(t, child);
    const fired = new Promise<void>((resolve) => addon.watch(guard, resolve));
    client[end]();
    await fired;
    t.not(addon.guardFired(guard), null);
  }
});

withPython(
  "what waited before a guard was armed does not fire it, the next byte does",
  async (t) => {
    const { child, client } = await guarded(t);
    client.write("1");
    await until(() => rows().find((row) => row.receiveQueue === 1));
    const guard = arm(t, child);
    t.is(addon.guardFired(guard), null);
    client.write("2");
    await until(() => addon.guardFired(guard) ?? undefined);
    t.pass();
  },
);

withPython("a guard keeps no socket of a guest open", async (t) => {
  const { child, client } = await guarded(t);
  arm(t, child);
  const closed = once(client, "close");
  client.resume();
  child.stdin?.end();
  await once(child, "exit");
  await closed;
  t.pass();
});

test.serial("a process that has ended has nothing to guard", (t) => {
  const guard = addon.guardSockets([2 ** 22 + 1]);
  t.is(addon.guardFired(guard), null);
  addon.close(guard);
});

/** Each waits for a minute, in another way. */
const waiters = [
  ["a sleep", "time.sleep(60)"],
  ["an event", "threading.Event().wait(60)"],
  ["an epoll", "select.epoll().poll(60)"],
  ["a poll", "select.poll().poll(60_000)"],
  ["a select", "select.select([], [], [], 60)"],
] as const;

for (const [name, source] of waiters) {
  withPython(`the minute that a program waits for with ${name} is told`, async (t) => {
    const imports = "import select, threading, time";
    const { pid } = await python(t, `${imports}\nprint("ready", flush=True)\n${source}`);
    const [, thread, , absolute, ms = 0] = await until(() => {
      const found = addon.timers([pid]);
      return found.length === 0 ? undefined : found;
    });
    t.is(thread, pid);
    const leftMs = absolute === 1 ? ms - Number(process.hrtime.bigint()) / 1e6 : ms;
    t.true(leftMs > 0 && leftMs <= 60_000, String(leftMs));
  });
}
