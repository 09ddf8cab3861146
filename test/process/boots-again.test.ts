/** Real servers, each booted by a connect, stopped, and booted again. */
import type { ExecutionContext } from "ava";
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

interface Server {
  readonly command: string | readonly string[];
  readonly port: number;
  /** What a client sends, and the first line of the answer. */
  readonly asks: string;
  readonly answers: RegExp;
}

const redis: Server = {
  command: "redis-server --save '' --bind 0.0.0.0 --protected-mode no",
  port: 6379,
  asks: "PING",
  answers: /^\+PONG$/,
};
const nodeHttp: Server = {
  command: [process.execPath, "-e", 'require("http").createServer((_, r) => r.end()).listen(80)'],
  port: 80,
  asks: "GET / HTTP/1.0",
  answers: /^HTTP\/1.1 200 OK$/,
};
const pythonHttp: Server = {
  command: "python3 -u -m http.server 8000",
  port: 8000,
  asks: "GET / HTTP/1.0",
  answers: /^HTTP\/1.0 200 OK$/,
};

type Ask = (world: World, server: Server) => Promise<string>;

/** Connects by name, under the shim. */
const askByShim: Ask = async (world, { port, asks }) => {
  const client = world.startClient(built("dial"));
  client.write(`server ${port} ${asks}`);
  return (await client.finish()).stdout.trim();
};

/** Connects to the overlay address, as any program of the machine can. */
const askPlainly: Ask = async (world, { port, asks }) => {
  const client = world.start(built("dial"));
  client.write(`${await world.address("server")} ${port} ${asks}`);
  return (await client.finish()).stdout.trim();
};

for (const [client, ask] of [
  ["a client of im run", askByShim],
  ["a plain client", askPlainly],
] as const) {
  needing("redis-server")(`redis-server boots when ${client} connects, life after life`, (t) =>
    livesTwice(t, redis, ask),
  );
  needing()(`an HTTP server of Node boots when ${client} connects, life after life`, (t) =>
    livesTwice(t, nodeHttp, ask),
  );
  needing("python3")(`python's http.server boots when ${client} connects, life after life`, (t) =>
    livesTwice(t, pythonHttp, ask),
  );
}

async function livesTwice(t: ExecutionContext, server: Server, ask: Ask): Promise<void> {
  const { command, port } = server;
  const world = await World.of(t, { server: { command, listen: [port] } });
  t.is((await world.host("server")).state, "imaginary");
  for (const life of [1, 2]) {
    t.regex(await ask(world, server), server.answers);
    // A guest may answer before the word that it listens has arrived.
    await world.client.wake("shop", "server");
    const { state, incarnation, pids } = await world.host("server");
    t.deepEqual([state, incarnation, pids.length], ["running", life, 1]);
    await world.stop("server");
    const after = await world.host("server");
    t.deepEqual([after.state, after.pids], ["imaginary", []]);
  }
  t.is(world.invocations("server"), 2);
}
