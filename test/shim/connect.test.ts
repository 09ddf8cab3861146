import { constants } from "node:os";
import { Guests, program, withPython } from "./guests.js";

const client = (style: string, port = 7000, name = "web"): readonly string[] => [
  program("client"),
  style,
  name,
  String(port),
];
const server = { id: "web", argv: [program("server"), "early-epoll", "7000"], host: "web" };

for (const style of ["blocking", "blocking-v6"]) {
  withPython(`a ${style} connect waits for the listener and then is served`, async (t) => {
    const guests = await Guests.start(t);
    await guests.host("web", [7000]);
    await guests.policy("web", 7000, "hold");
    guests.start({ id: "client", argv: client(style) });
    await guests.request("client", "connect");
    guests.start(server);
    await guests.request("web", "listen");
    await guests.policy("web", 7000, "native");
    t.deepEqual((await guests.exits("client")).lines, ["connect: ok", "read: hello"]);
  });
}

for (const name of ["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH"] as const) {
  withPython(`a blocking connect fails with ${name} where the supervisor says so`, async (t) => {
    const guests = await Guests.start(t);
    await guests.host("web", [7000]);
    await guests.policy("web", 7000, constants.errno[name]);
    const lines = await guests.lines({ id: "client", argv: client("blocking") });
    t.deepEqual(lines, [`connect: ${name}`]);
  });
}

const loops = ["poll", "select", "level-before", "level-after", "edge-before", "edge-after"];
for (const style of loops) {
  withPython(`an event loop (${style}) keeps ticking while the host boots`, async (t) => {
    const guests = await Guests.start(t);
    await guests.host("web", [7000]);
    await guests.policy("web", 7000, "hold");
    guests.start({ id: "client", argv: client(style) });
    await guests.prints("client", "200 ticks");
    guests.start(server);
    t.deepEqual((await guests.exits("client")).lines, ["200 ticks", "read: hello"]);
    t.deepEqual(guests.requests("client"), [], "the connect itself is the signal");
  });
}

withPython("a connect that must not block asks only for a port that is not declared", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  guests.start({ id: "client", argv: client("poll", 7001) });
  t.deepEqual((await guests.request("client", "connect")).flags, ["nonblocking"]);
  await guests.exits("client");
});

withPython("a running host is dialled without asking", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  guests.tell({ do: "state", name: "web", running: true });
  const lines = await guests.lines({ id: "client", argv: client("peer") });
  t.deepEqual(lines, ["connect: ok", `peer: ${address}:7000`]);
  t.deepEqual(guests.requests("client"), []);
});

withPython("a mapped port is dialled in the place of the declared one", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [80], { mapped: { "80": 7080 } });
  guests.tell({ do: "state", name: "web", running: true });
  const lines = await guests.lines({ id: "client", argv: client("peer", 80) });
  t.deepEqual(lines, ["connect: ok", `peer: ${address}:80`]);
});

withPython("a handler without SA_RESTART interrupts connect, which goes on", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  await guests.policy("web", 7000, "hold");
  guests.start({ id: "client", argv: client("interrupted") });
  await guests.prints("client", "connect");
  guests.start(server);
  const { lines } = await guests.exits("client");
  t.deepEqual(lines, ["signal", "connect: EINTR, 1 handled", "read: hello"]);
});

withPython("a handler with SA_RESTART does not interrupt connect", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  await guests.policy("web", 7000, "hold");
  guests.start({ id: "client", argv: client("restarted") });
  await guests.request("client", "connect");
  guests.start(server);
  await guests.request("web", "listen");
  await guests.prints("client", "signal");
  await guests.policy("web", 7000, "native");
  const { lines } = await guests.exits("client");
  t.deepEqual(lines, ["signal", "connect: ok, 1 handled", "read: hello"]);
});

withPython("SO_SNDTIMEO ends the wait as the kernel does, and the connect goes on", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  await guests.policy("web", 7000, "hold");
  guests.start({ id: "client", argv: client("limited") });
  await guests.prints("client", "connect");
  guests.start(server);
  t.deepEqual((await guests.exits("client")).lines, ["connect: EINPROGRESS", "read: hello"]);
});

withPython("a connect is asked again when the supervisor dies over it", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  await guests.policy("web", 7000, "drop");
  const lines = await guests.lines({ id: "client", argv: client("peer") });
  t.deepEqual(lines, ["connect: ok", `peer: ${address}:7000`]);
  t.deepEqual(guests.requests("client"), ["connect", "connect"]);
});

withPython("misuse of connect fails as in the kernel", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  const again = ["connect: ok", "connect: EISCONN", "short: EINVAL", "closed: EBADF"];
  t.deepEqual(await guests.lines({ id: "again", argv: client("again") }), again);
  const dissolved = ["connect: ok", "dissolve: ok", "connect: ok"];
  t.deepEqual(await guests.lines({ id: "dissolve", argv: client("unspecified") }), dissolved);
});

withPython("another deployment's address cannot be reached", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  const argv = client("blocking", 7000, "127.127.255.1");
  t.deepEqual(await guests.lines({ id: "client", argv }), ["connect: EHOSTUNREACH"]);
  t.deepEqual(guests.requests("client"), []);
});

withPython("a peer sees the caller's own address, and can name it", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  const api = await guests.host("api", []);
  guests.start({ id: "web", argv: [program("server"), "peer", "7000"], host: "web" });
  await guests.request("web", "listen");
  await guests.lines({ id: "client", argv: client("peer"), host: "api" });
  t.deepEqual((await guests.exits("web")).lines, [`${api} api`]);
  const udp = await guests.lines({ id: "udp", argv: client("datagram"), host: "api" });
  t.deepEqual(udp, ["connect: ok", `source: ${api}`]);
});

withPython("a host's localhost is its own address, a client's is the machine's", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  const argv = client("peer", 7000, "127.0.0.1");
  const host = await guests.lines({ id: "host", argv, host: "web" });
  t.deepEqual(host, ["connect: ok", `peer: ${address}:7000`]);
  const refused = await guests.lines({ id: "client", argv: client("blocking", 1, "127.0.0.1") });
  t.deepEqual(refused, ["connect: ECONNREFUSED"]);
  t.deepEqual(guests.requests("client"), []);
});

withPython("a host's datagram to its localhost reaches its own socket", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", []);
  const script = [
    "import socket",
    "receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "receiver.bind(('', 7053))",
    "sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "sender.sendto(b'one', ('127.0.0.1', 7053))",
    "sender.sendmsg([b'two'], [], 0, ('127.0.0.1', 7053))",
    "for _ in range(2):",
    "  data, source = receiver.recvfrom(9)",
    "  print(data.decode(), source[0])",
  ].join("\n");
  const argv = ["python3", "-c", script];
  const lines = await guests.lines({ id: "web", argv, host: "web" });
  t.deepEqual(lines, [`one ${address}`, `two ${address}`]);
});
