import { answered, dial, fixture, Guests, program, withPython, withRedis } from "./guests.js";

const redis = ["redis-server", "--save", "", "--bind", "0.0.0.0", "--protected-mode", "no"];

withRedis("redis-server serves what waited on the placeholder, life after life", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("db", [6379]);
  for (const life of ["one", "two", "three"]) {
    const client = dial(t, address, 6379, "PING\r\n");
    const pong = answered(client, "+PONG");
    guests.start({ id: life, argv: redis, host: "db" });
    t.is(await pong, "+PONG\r\n");
    await guests.kill(life, life === "one" ? "SIGTERM" : "SIGKILL");
  }
  t.deepEqual(guests.requests("two"), ["bind", "listen"]);
});

withPython("python's http.server is handed the placeholder and knows its client", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [8000]);
  const client = dial(t, address, 8000, "GET / HTTP/1.0\r\n\r\n");
  const page = answered(client, "200 OK");
  guests.start({ id: "web", argv: ["python3", "-u", "-m", "http.server", "8000"], host: "web" });
  await page;
  const listen = await guests.request("web", "listen");
  t.deepEqual(listen.flags, ["handedOver"]);
  await guests.prints("web", "127.0.0.1 - - ");
});

withPython("a server on :: is handed an IPv4 placeholder and sees IPv6 addresses", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [8080]);
  const client = dial(t, address, 8080, "GET / HTTP/1.0\r\n\r\n");
  const page = answered(client, "::ffff:");
  guests.start({ id: "web", argv: [process.execPath, fixture("server.mjs"), "8080"], host: "web" });
  t.regex(await page, new RegExp(`from ::ffff:127.0.0.1 at ::ffff:${address}:8080 IPv6`));
  t.deepEqual((await guests.request("web", "bind")).flags, ["ipv6"]);
});

withPython("a server that registered its socket with epoll before bind is woken", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  const client = dial(t, address, 7000, "x");
  const greeting = answered(client, "hello");
  guests.start({ id: "web", argv: [program("server"), "early-epoll", "7000"], host: "web" });
  t.is(await greeting, "hello\n");
});

withPython("options set before and after bind reach connections queued before", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  const client = dial(t, address, 7000, "x");
  const told = answered(client, "\n");
  guests.start({ id: "web", argv: [program("server"), "options", "7000"], host: "web" });
  t.is(await told, "keepalive 1 idle 77 nodelay 1 nonblocking 1 cloexec 1 v6only 0\n");
});

withPython("TCP_DEFER_ACCEPT never reaches the placeholder", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000]);
  guests.start({ id: "web", argv: [program("server"), "defer", "7000"], host: "web" });
  await guests.prints("web", "listening");
  guests.tell({ do: "holder", name: "web", port: 7000, option: [6, 9] });
  t.is((await guests.happens((e) => e.event === "holder")).value, 0);
});

withPython("a guest that closes its listener says so and is no longer woken by it", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  guests.start({ id: "web", argv: [program("server"), "close-and-poll", "7000"], host: "web" });
  await guests.request("web", "close");
  dial(t, address, 7000, "x");
  const { lines } = await guests.exits("web");
  t.deepEqual(lines, ["closed", "quiet"]);
});

withPython("a forked child that closes the listener takes it from nobody", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  guests.start({ id: "web", argv: [program("server"), "fork-close", "7000"], host: "web" });
  await guests.prints("web", "child closed");
  const client = dial(t, address, 7000, "x");
  t.is(await answered(client, "hello"), "hello\n");
  t.deepEqual(guests.requests("web"), ["bind", "listen"]);
});

withPython("shutdown of a listener ends a waiting accept and spares the queue", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", [7000]);
  guests.start({ id: "one", argv: [program("server"), "shutdown", "7000"], host: "web" });
  t.deepEqual((await guests.exits("one")).lines, ["accept: EINVAL", "again: EINVAL"]);
  t.deepEqual(guests.requests("one"), ["bind", "listen", "close"]);
  const client = dial(t, address, 7000, "x");
  const greeting = answered(client, "hello");
  guests.start({ id: "two", argv: [program("server"), "early-epoll", "7000"], host: "web" });
  t.is(await greeting, "hello\n");
});

withPython("a second bind of the same descriptor fails as in the kernel", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [7000, 7001]);
  const argv = [program("server"), "twice", "7000"];
  t.deepEqual(await guests.lines({ id: "web", argv, host: "web" }), ["bind: ok", "bind: EINVAL"]);
});

withPython("a port that nobody holds is bound on the host's own address", async (t) => {
  const guests = await Guests.start(t);
  const address = await guests.host("web", []);
  const run = { id: "web", argv: [program("server"), "addresses"], host: "web" };
  t.deepEqual(await guests.lines(run), [
    `tcp any 7100: ${address}:7100`,
    `tcp loopback 7101: ${address}:7101`,
    `tcp own 7102: ${address}:7102`,
    `tcp :: 7103: ::ffff:${address}:7103`,
    `tcp ::1 7104: ::ffff:${address}:7104`,
    "tcp only :: 7105: :::7105",
    `tcp any 0: ${address}:port`,
    `tcp unbound: ${address}:port`,
    `udp any 7106: ${address}:7106`,
    "udp any 0: 0.0.0.0:port",
    "tcp other's: EADDRNOTAVAIL",
  ]);
});
