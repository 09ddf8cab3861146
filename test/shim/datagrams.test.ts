/** Datagrams under the shim: what guests are handed, whom they see, and whom their peers see. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { constants } from "node:os";
import type { ExecutionContext } from "ava";
import { Guests, program, withPython } from "./guests.js";

const port = 7000;
const server = (style: string) => ({
  id: "web",
  argv: [program("process/datagrams"), style, String(port)],
  host: "web",
});
/** SOL_SOCKET and IPPROTO_IP options of Linux. */
const option = { reuseAddress: [1, 2], receiveBuffer: [1, 8], packetInfo: [0, 8] } as const;

/** A socket of the test itself, without a shim. */
async function open(t: ExecutionContext): Promise<Socket> {
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

async function ask(socket: Socket, text: string, address: string): Promise<string> {
  const answer = once(socket, "message");
  socket.send(text, port, address);
  return String((await answer)[0]);
}

for (const style of ["blocking", "epoll", "many", "ipv6", "ipv6-info"]) {
  withPython(`a server (${style}) reads the datagrams that came before it`, async (t) => {
    const guests = await Guests.start(t);
    const address = await guests.host("web", [], { udp: [port] });
    const client = await open(t);
    const early = ask(client, "early", address);
    guests.start(server(style));
    t.is(await early, "life 1: early");
    t.is(await ask(client, "late", address), "life 1: late");
    const ipv6 = style.startsWith("ipv6") ? "::ffff:" : "";
    const source = `${ipv6}127.0.0.1:${client.address().port}`;
    const arrival = style === "ipv6-info" ? ` to ${ipv6}${address} interface 1` : "";
    await guests.prints("web", "late");
    t.deepEqual(guests.output("web").trimEnd().split("\n"), [
      `bound ${ipv6}${address}:${port}`,
      `from ${source}${arrival} early`,
      `from ${source}${arrival} late`,
    ]);
    t.deepEqual(guests.requests("web"), ["bind", "listen"], "bound, it is ready");
  });
}

withPython("a guest's options are set on the socket that it is handed", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [], { udp: [port] });
  const script = [
    "import socket",
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 50000)",
    "s.setsockopt(socket.IPPROTO_IP, 8, 1)",
    "s.setblocking(False)",
    `s.bind(('', ${port}))`,
    "print(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), s.getblocking())",
    "print(s.getsockopt(socket.IPPROTO_IP, 8), s.getsockopt(socket.SOL_SOCKET, 2))",
  ].join("\n");
  const lines = await guests.lines({ id: "web", argv: ["python3", "-c", script], host: "web" });
  t.deepEqual(lines, ["100000 False", "1 0"]);
  const held = async (wanted: readonly [number, number]) => {
    const since = guests.history.length;
    guests.tell({ do: "holder", name: "web", port, socktype: 2, option: wanted });
    return (await guests.happens((e) => e.event === "holder", since)).value;
  };
  t.is(await held(option.receiveBuffer), 100_000);
  t.is(await held(option.packetInfo), 1);
  t.is(await held(option.reuseAddress), 0);
});

withPython("a second socket on the port is refused, or bound beside the first", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [], { udp: [port] });
  guests.start(server("peers"));
  await guests.prints("web", "bound");
  const [one, other] = [await open(t), await open(t)];
  t.is(await ask(one, "hello", address), "welcome");
  t.is(await ask(other, "hello", address), "welcome");
  // Each has a socket of its own from here on, and neither is another's.
  t.is(await ask(one, "one", address), "life 1: one");
  t.is(await ask(other, "other", address), "life 1: other");
});

withPython("shutdown wakes the guest, and spares the socket of the next life", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [], { udp: [port] });
  const [, ...lines] = await guests.lines(server("shut"));
  t.deepEqual(lines, ["shutdown: ENOTCONN", "read: 0", "again: 0"]);
  const client = await open(t);
  const early = ask(client, "early", address);
  guests.start({ ...server("many"), id: "next" });
  t.is(await early, "life 1: early");
});

const clientScript = `
import socket, struct, sys
def show(s):
  data, source = s.recvfrom(99)
  print(data.decode(), source[0], source[1])
def ask(s, text, to):
  s.sendto(text.encode(), to); show(s)
web = ("web", ${port})
for family in (socket.AF_INET, socket.AF_INET6):
  to = web if family == socket.AF_INET else ("::ffff:" + socket.gethostbyname("web"), ${port})
  s = socket.socket(family, socket.SOCK_DGRAM)
  ask(s, "sendto", to)
  s.sendmsg([b"sendmsg"], [], 0, to); show(s)
  s.connect(to); s.send(b"connect"); show(s)
  print(s.getpeername()[:2])
  s = socket.socket(family, socket.SOCK_DGRAM); s.bind(("", 0)); ask(s, "any", to)
  port = s.getsockname()[1]
  s.connect(to); s.send(b"any, connected"); show(s)
  print(s.getsockname()[1] == port)
`;

withPython("a client is seen by its own address, however it sends", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [], { udp: [port], mapped: { [port]: 7999 } });
  const own = await guests.host("api", []);
  guests.start(server("many"));
  await guests.prints("web", "bound");
  const argv = ["python3", "-c", clientScript];
  const lines = await guests.lines({ id: "api", argv, host: "api" });
  const answers = (from: string) => [
    ...["sendto", "sendmsg", "connect"].map((text) => `life 1: ${text} ${from} ${port}`),
    `('${from}', ${port})`,
    ...["any", "any, connected"].map((text) => `life 1: ${text} ${from} ${port}`),
    "True",
  ];
  t.deepEqual(lines, [...answers(address), ...answers(`::ffff:${address}`)]);
  const senders = guests.output("web").match(/(?<=^from )[\d.]+/gm);
  t.deepEqual(senders, Array(10).fill(own));
});

withPython("what goes elsewhere keeps its source, from the same socket", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [], { udp: [port] });
  await guests.host("api", []);
  const outside = await open(t);
  const heard = once(outside, "message");
  guests.start(server("blocking"));
  await guests.prints("web", "bound");
  // A resolver on the machine's loopback, as far as the shim can tell: not a host's address.
  const script = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"in", ("web", ${port})); print(s.recv(99).decode())
s.sendto(b"out", ("127.0.0.1", ${outside.address().port})); print(s.getsockname()[0])
`;
  const lines = await guests.lines({ id: "client", argv: ["python3", "-c", script] });
  t.deepEqual(lines, ["life 1: in", "0.0.0.0"]);
  t.is((await heard)[1].address, "127.0.0.1");
});

withPython("another deployment's address cannot be sent to", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [], { udp: [port] });
  const script = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: s.sendto(b"x", ("127.127.255.1", ${port}))
except OSError as error: print(error.errno)
`;
  const lines = await guests.lines({ id: "client", argv: ["python3", "-c", script] });
  t.deepEqual(lines, [String(constants.errno.EHOSTUNREACH)]);
});
