/** What a host's own addresses and ports mean to its guest. */
import { createServer, type Server } from "node:net";
import test from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { call, Interpreter, interpreter } from "./interpreter.js";

const withPython = needing("python3");
const own = ["'127.0.0.1'", "'localhost'", "os.environ['IM_ADDRESS']", "os.environ['IM_HOST']"];
const dialAll = `[dialled(at, 7000) for at in (${own.join(", ")})]`;

/** As an event loop does it: the connect itself says what becomes of it. */
const connectsWithoutBlocking = `
import selectors
s = socket.socket()
s.setblocking(False)
first_errno = s.connect_ex((os.environ['IM_HOST'], 7000))
`;

let world: World;

test.before(async () => {
  world = await World.open();
  await world.deploy({
    self: interpreter([7001]),
    early: interpreter([], dialAll),
    "early-loop": interpreter([], connectsWithoutBlocking),
    any: interpreter([]),
    only: interpreter([7001]),
  });
});

test.after.always(() => world.close());

withPython("a guest that connects to itself before it listens is refused at once", async (t) => {
  const guest = await Interpreter.of(t, world, "early");
  t.deepEqual(
    await guest.tell("first"),
    own.map(() => "ECONNREFUSED"),
  );
  const loop = await Interpreter.of(t, world, "early-loop");
  t.is(await loop.tell("errno.errorcode[first_errno]"), "ECONNREFUSED");
});

withPython("a guest reaches its own listener by every name of its own", async (t) => {
  const guest = await Interpreter.of(t, world, "self");
  const address = await world.address("self");
  t.is(await guest.tell("dialled('localhost', 7001)"), "ECONNREFUSED");
  await guest.tell("s = listening(7001)");
  for (const name of [...own, "'::1'"]) {
    const family = name === "'::1'" ? "socket.AF_INET6" : "socket.AF_INET";
    await guest.tell(`c = socket.socket(${family})`);
    await guest.tell(`c.connect((${name}, 7001))`);
    await guest.tell("accepted, peer = s.accept()");
    t.is(await guest.tell("peer[0]"), address, name);
    await guest.tell("c.close(), accepted.close()");
  }
  t.deepEqual(await guest.tell("s.getsockname()"), [address, 7001]);
});

withPython("localhost inside a host is not the machine's", async (t) => {
  const stranger = await listenOn("127.0.0.1");
  t.teardown(() => stranger.server.close());
  const guest = await Interpreter.of(t, world, "any");
  t.is(await guest.tell(`dialled('127.0.0.1', ${stranger.port})`), "ECONNREFUSED");
  await guest.tell(`greet_all(listening(${stranger.port}, host='127.0.0.1'), 'own')`);
  t.is(await guest.tell(`dialled('localhost', ${stranger.port})`), "own");
  t.is(await call(t, "127.0.0.1", stranger.port).answer, "stranger");
});

withPython("a listener on any port, bound or not, is reached on the host's address", async (t) => {
  const guest = await Interpreter.of(t, world, "any");
  const client = world.startClient(built("dial"));
  await guest.tell("zero = listening(0)");
  await guest.tell("unbound = socket.socket()");
  await guest.tell("unbound.listen(5)");
  for (const name of ["zero", "unbound"]) {
    const [address, port] = pair(await guest.tell(`${name}.getsockname()`));
    t.is(address, await world.address("any"));
    await guest.tell(`greet_all(${name}, '${name}')`);
    client.write(`any ${port}`);
    t.is(await client.line(), name);
  }
  await client.finish();
});

withPython("a socket for IPv6 alone is bound beside that for IPv4", async (t) => {
  const guest = await Interpreter.of(t, world, "only");
  await guest.tell("six = listening(7001, host='::', family=socket.AF_INET6, v6only=1)");
  await guest.tell("four = listening(7001)");
  t.is(await guest.tell("six.getsockname()[1]"), 7001);
  await guest.tell("greet_all(four, 'four')");
  t.is(await call(t, await world.address("only"), 7001).answer, "four");
});

function pair(value: unknown): readonly [unknown, unknown] {
  return Array.isArray(value) ? [value[0], value[1]] : [null, null];
}

function listenOn(host: string): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.end("stranger\n"));
    server.listen(0, host, () => {
      const address = server.address();
      resolve({ server, port: typeof address === "object" ? (address?.port ?? 0) : 0 });
    });
  });
}
