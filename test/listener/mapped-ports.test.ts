/** Declared ports that cannot be held: another port of the address stands in for them. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { ExecutionContext } from "ava";
import { needing, onlyIf } from "../process/requirements.js";
import { built, freePort, root, World } from "../process/world.js";
import { call, Interpreter, interpreter } from "./interpreter.js";

/** Somebody else's server, on every address of this machine. */
function occupy(t: ExecutionContext): Promise<number> {
  const server: Server = createServer((socket) => socket.end("stranger\n"));
  t.teardown(() => server.close());
  return new Promise((resolve) => {
    server.listen(0, "0.0.0.0", () => {
      const address = server.address();
      resolve(typeof address === "object" ? (address?.port ?? 0) : 0);
    });
  });
}

needing("python3")("a port that another program has on 0.0.0.0 is mapped", async (t) => {
  const [port, outside] = [await occupy(t), await freePort()];
  const web = { ...interpreter([port]), publish: [`${outside}:${port}`] };
  const world = await World.of(t, { web, caller: interpreter([]) });
  const status = await world.host("web");
  t.deepEqual(status.listen, [7000, port]);
  const bound = status.mapped?.[port] ?? 0;
  t.not(bound, port);
  t.true(bound > 0, "the status tells where clients without the shim find it");
  t.regex((await world.im("status")).stdout, new RegExp(`7000,${port}→${bound}`));

  const guest = await Interpreter.of(t, world, "web");
  await guest.tell(`s = listening(${port})`);
  t.deepEqual(await guest.tell("s.getsockname()"), [status.address, port]);
  t.deepEqual(await guest.tell(`bound(${port})`), { errno: "EADDRINUSE" });

  const caller = await Interpreter.of(t, world, "caller");
  await caller.tell(`c = socket.create_connection(('web', ${port}))`);
  t.deepEqual(await caller.tell("c.getpeername()"), [status.address, port]);
  await guest.tell("accepted, _ = s.accept()");
  t.deepEqual(await guest.tell("accepted.getsockname()"), [status.address, port]);
  await guest.tell("greet_all(s, 'mapped')");

  const client = world.startClient(built("dial"));
  client.write(`web ${port}`);
  t.is(await client.line(), "mapped");
  await client.finish();
  t.is(await guest.tell(`dialled('localhost', ${port})`), "mapped");
  t.is(await call(t, status.address, bound).answer, "mapped");
  t.is(await call(t, "127.0.0.1", outside).answer, "mapped");
});

needing("python3")("a mapped port boots its host, and wakes it for the next life", async (t) => {
  const port = await occupy(t);
  const world = await World.of(t, {
    guest: { command: [built("guest"), String(port)], listen: [port] },
  });
  const client = world.startClient(built("dial"));
  for (const life of [1, 2]) {
    client.write(`guest ${port}`);
    t.is(await client.line(), `life ${life}`);
    await world.stop("guest");
  }
  const { address, mapped } = await world.host("guest");
  t.is(await call(t, address, mapped?.[port] ?? 0).answer, "life 3");
  await client.finish();
});

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const drop = isRoot
  ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--"]
  : [];

/** Unprivileged, and able to run this checkout; and port 80 is one that is kept from it. */
function lowPortsAreKept(): boolean {
  const first = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "latin1"));
  const [program = "", ...parameters] = [...drop, process.execPath, `${root}bin/im.mjs`];
  return first > 80 && spawnSync(program, [...parameters, "--version"], { cwd: "/" }).status === 0;
}

onlyIf(lowPortsAreKept(), "low ports that are kept from users, setpriv, a readable checkout")(
  "a low port of a user without privileges is mapped",
  async (t) => {
    const world = await World.of(t);
    const as = (...command: readonly string[]) =>
      world.start(...drop, process.execPath, ...command);
    chmodSync(world.directory, 0o755);
    if (isRoot) chownSync(world.directory, nobody, nobody);
    const hosts = { guest: { command: [built("guest"), "80"], listen: [80] } };
    const manifest = JSON.stringify({ deployment: "shop", hosts });
    const file = await world.write("shop.yaml", manifest);
    const deployed = await as(...world.command("deploy", file)).finish();
    t.deepEqual([deployed.code, deployed.stderr], [0, ""]);
    const client = as(...world.command("run", "--", built("dial")));
    client.write("guest 80");
    t.is(await client.line(), "life 1");
    await client.finish();
    const status = JSON.parse((await as(...world.command("status", "--json")).finish()).stdout);
    t.deepEqual(status.hosts[0].listen, [80]);
    t.true(status.hosts[0].mapped["80"] >= 1024);
    t.is((await as(...world.command("down")).finish()).code, 0);
    // Teardown is ours again: nobody is let into somebody else's home.
    if (isRoot) chownSync(world.home, 0, 0);
  },
);
