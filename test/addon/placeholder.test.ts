import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import test from "ava";
import { loadAddon } from "../../shim/index.js";
import { throwsErrno } from "./expect-errno.js";
import { connect, over, ownAddress } from "./loopback.js";
import { withPython } from "./python.js";

const addon = loadAddon();
const address = ownAddress();
let nextPort = 7000;

function placeholderFor(t: { teardown(undo: () => void): void }): {
  placeholder: number;
  port: number;
} {
  const port = nextPort++;
  const placeholder = addon.openPlaceholder(address, port);
  t.teardown(() => addon.close(placeholder));
  return { placeholder, port };
}

/** Runs Python with the placeholder as descriptor 3 and `s`: what a guest could do to it. */
function guest(placeholder: number, script: string): string {
  const source = `import fcntl, os, socket, struct\ns = socket.socket(fileno=3)\n${script}`;
  return execFileSync("python3", ["-c", source], {
    stdio: ["ignore", "pipe", "inherit", placeholder],
    encoding: "utf8",
  });
}

test("a connect completes into a placeholder, and calls its watch back", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  const signal = new Promise<void>((resolve) => addon.watch(placeholder, resolve));
  const client = await connect(address, port);
  await signal;
  t.is(client.localAddress, "127.0.0.1");
  t.deepEqual(addon.waitingConnections(address, port, 64), [
    { address: 0x7f000001, port: client.localPort ?? 0 },
  ]);
  client.destroy();
});

test("three hundred connections wait, are listed as far as asked, and are reset", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  const clients = await Promise.all(Array.from({ length: 300 }, () => connect(address, port)));
  const ends = clients.map(over);
  const waiting = addon.waitingConnections(address, port, 1000);
  const ports = (numbers: readonly (number | undefined)[]) => numbers.toSorted();
  t.deepEqual(ports(waiting.map((one) => one.port)), ports(clients.map((one) => one.localPort)));
  t.is(addon.waitingConnections(address, port, 64).length, 64);
  t.is(addon.waitingConnections(address, port, 0).length, 0);
  t.is(addon.waitingConnections(address, port + 1000, 64).length, 0);
  t.is(addon.waitingConnections(address + 1, port, 64).length, 0);
  t.is(addon.resetQueue(placeholder), 300);
  t.deepEqual(new Set(await Promise.all(ends)), new Set(["ECONNRESET"]));
  t.is(addon.waitingConnections(address, port, 64).length, 0);
  t.is(addon.resetQueue(placeholder), 0);
});

withPython("a connection that was accepted is not listed as waiting", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  const client = await connect(address, port);
  const script = `import socket; s = socket.socket(fileno=3)
c, _ = s.accept(); print("accepted", flush=True); c.recv(1)`;
  const server = spawn("python3", ["-c", script], {
    stdio: ["ignore", "pipe", "inherit", placeholder],
  });
  const exited = once(server, "exit");
  if (server.stdout === null) return t.fail("it has a pipe");
  await once(server.stdout, "data");
  t.is(addon.waitingConnections(address, port, 64).length, 0);
  client.end("x");
  await exited;
});

test("a client that has sent everything and half closed still waits", async (t) => {
  const { port } = placeholderFor(t);
  const client = await connect(address, port);
  await new Promise<void>((resolve) => client.end("all", resolve));
  t.is(addon.waitingConnections(address, port, 64).length, 1);
  client.destroy();
});

test("an address that is taken, foreign or forbidden is refused by errno", (t) => {
  const { port } = placeholderFor(t);
  throwsErrno(t, () => addon.openPlaceholder(address, port), "EADDRINUSE", "bind");
  throwsErrno(t, () => addon.openPlaceholder(0x08080808, port), "EADDRNOTAVAIL");
  throwsErrno(t, () => addon.openPlaceholder(address, 65536), "ERR_INVALID_ARG_TYPE");
  throwsErrno(t, () => addon.openPlaceholder(2 ** 32, port), "ERR_INVALID_ARG_TYPE");
});

const options = [
  ["SOL_SOCKET", "SO_KEEPALIVE", 1],
  ["SOL_SOCKET", "SO_REUSEPORT", 1],
  ["SOL_SOCKET", "SO_RCVBUF", 20_000],
  ["SOL_SOCKET", "SO_SNDBUF", 20_000],
  ["SOL_SOCKET", "SO_RCVLOWAT", 100],
  ["SOL_SOCKET", "SO_OOBINLINE", 1],
  ["IPPROTO_IP", "IP_TOS", 16],
  ["IPPROTO_IP", "IP_TTL", 9],
  ["IPPROTO_TCP", "TCP_NODELAY", 1],
  ["IPPROTO_TCP", "TCP_CORK", 1],
  ["IPPROTO_TCP", "TCP_KEEPIDLE", 11],
  ["IPPROTO_TCP", "TCP_KEEPINTVL", 12],
  ["IPPROTO_TCP", "TCP_KEEPCNT", 3],
  ["IPPROTO_TCP", "TCP_USER_TIMEOUT", 1234],
  ["IPPROTO_TCP", "TCP_DEFER_ACCEPT", 5],
  ["IPPROTO_TCP", "TCP_FASTOPEN", 5],
  ["IPPROTO_TCP", "TCP_LINGER2", 7],
  ["IPPROTO_TCP", "TCP_SYNCNT", 2],
  ["IPPROTO_TCP", "TCP_MAXSEG", 1000],
] as const;

/** Prints every option of the table, timeouts, linger, congestion control, and flags. */
const show = `${options
  .map(([level, name]) => `print("${name}", s.getsockopt(socket.${level}, socket.${name}))`)
  .join("\n")}
print("linger", struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0])
for name in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
  print("timeout", s.getsockopt(socket.SOL_SOCKET, name, 16).hex())
print("congestion", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16))
print("lock", s.getsockopt(socket.SOL_SOCKET, 72))
print("listening", s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
print("flags", oct(fcntl.fcntl(3, fcntl.F_GETFL)))`;

withPython("restore undoes what a guest did to options and flags", (t) => {
  const { placeholder } = placeholderFor(t);
  const before = guest(placeholder, show);
  guest(
    placeholder,
    `${options
      .map(([level, name, value]) => `s.setsockopt(socket.${level}, socket.${name}, ${value})`)
      .join("\n")}
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1, 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 0))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 5000)
fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC)`,
  );
  const changed = guest(placeholder, show).split("\n");
  const untouched = before.split("\n").filter((line, i) => line !== "" && changed[i] === line);
  t.deepEqual(
    untouched.filter((line) => !/^(congestion|listening)/.test(line)),
    [],
    "the guest changed every option that is tested",
  );
  addon.restorePlaceholder(placeholder);
  t.is(guest(placeholder, show), before);
  const clamp = "print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP))";
  t.is(guest(placeholder, clamp), `${65535 * 2 ** 14}\n`, "the widest there is");
});

withPython("restore makes a placeholder that was shut down listen again", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  guest(placeholder, "s.shutdown(socket.SHUT_RDWR)");
  await t.throwsAsync(connect(address, port), { code: "ECONNREFUSED" });
  addon.restorePlaceholder(placeholder);
  const client = await connect(address, port);
  t.is(addon.waitingConnections(address, port, 64).length, 1);
  client.destroy();
});

withPython("restore gives back the backlog that a guest lowered", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  guest(placeholder, "s.listen(1)");
  addon.restorePlaceholder(placeholder);
  const clients = await Promise.all(Array.from({ length: 50 }, () => connect(address, port)));
  t.is(addon.waitingConnections(address, port, 64).length, 50);
  for (const client of clients) client.destroy();
});

test("restore keeps the connections that wait", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  const client = await connect(address, port);
  addon.restorePlaceholder(placeholder);
  t.is(addon.waitingConnections(address, port, 64).length, 1);
  client.destroy();
});

withPython("resetQueue does not block on a placeholder that a guest made blocking", (t) => {
  const { placeholder } = placeholderFor(t);
  guest(placeholder, "fcntl.fcntl(3, fcntl.F_SETFL, 0)");
  t.is(addon.resetQueue(placeholder), 0);
});

test("who connects to a placeholder that does not admit waits, and is not lost", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  const early = await connect(address, port);
  addon.admit(placeholder, false);
  const waiting = connect(address, port);
  // The loopback takes one after the other: when this is through, that one has been dropped.
  const other = placeholderFor(t);
  (await connect(address, other.port)).destroy();
  t.is(addon.waitingConnections(address, port, 64).length, 1);
  addon.admit(placeholder, true);
  addon.admit(placeholder, true);
  const late = await waiting;
  t.is(addon.waitingConnections(address, port, 64).length, 2);
  for (const client of [early, late]) client.destroy();
});

test("restore admits again", async (t) => {
  const { placeholder, port } = placeholderFor(t);
  addon.admit(placeholder, false);
  addon.restorePlaceholder(placeholder);
  const client = await connect(address, port);
  t.is(addon.waitingConnections(address, port, 64).length, 1);
  client.destroy();
});
