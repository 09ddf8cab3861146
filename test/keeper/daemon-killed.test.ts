import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import test from "ava";
import { readHealth } from "../../platform/daemon/health.js";
import { ensureDaemon } from "../../platform/daemon/start.js";
import { ImError } from "../../platform/errors/im-error.js";
import { loadAddon } from "../../shim/index.js";
import { connect } from "../addon/loopback.js";
import { changed, ended, heldHome, kill } from "../fixtures/keeper/held-home.js";
import {
  brokenFile,
  gateFile,
  portFirst,
  readHolding,
  readLives,
} from "../fixtures/keeper/holding.js";

const addon = loadAddon();

/** Everything that comes until the end of the connection. */
async function answer(socket: net.Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(socket, "close");
  return text.trim();
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("a connect while there is no daemon waits, and the next daemon gets it", async (t) => {
  const home = heldHome(t, { publish: await freePort() });
  const { configuration, holding } = home;
  const first = await home.daemon();
  const before = await connect(holding.address, portFirst);
  execFileSync("mkfifo", [gateFile(configuration)]);
  await kill(first);
  t.is(await readHealth(configuration.daemonSocket), null);
  const during = await connect(holding.address, portFirst + 1);
  const outside = await connect(0x7f000001, holding.publish ?? 0);
  t.is(addon.bindAbstract(`im-block-${readHolding(configuration).block}`), null);
  writeFileSync(gateFile(configuration), "");
  const second = await home.daemon();
  t.not(second, first);
  await home.serve();
  const answers = await Promise.all([before, during, outside].map(answer));
  t.deepEqual(answers, Array(3).fill(String(second)));
  t.like(readLives(configuration), [
    { pid: first, restarts: 0, recovered: 0 },
    { pid: second, restarts: 1, recovered: 5 },
  ]);
  await home.down();
  await ended(second);
});

test("what a daemon starts inherits nothing of the keeper's", async (t) => {
  const home = heldHome(t);
  await kill(await home.daemon());
  await home.daemon();
  // Of `ls`: its own three, and the directory that it reads.
  for (const { inherited } of readLives(home.configuration)) t.is(inherited.length, 4);
});

test("5,000 placeholders outlive the daemon, and outlive it again", async (t) => {
  const home = heldHome(t, { count: 5000 });
  const { address, count } = home.holding;
  for (let restarts = 0; restarts < 2; restarts++) await kill(await home.daemon());
  const third = await home.daemon();
  const recovered = readLives(home.configuration).map((life) => life.recovered);
  t.deepEqual(recovered, [0, count + 1, count + 1]);
  await home.serve();
  for (const port of [portFirst, portFirst + count - 1]) {
    t.is(await answer(await connect(address, port)), String(third));
  }
});

test("a daemon that dies at once is started until it lives", async (t) => {
  const home = heldHome(t);
  const pids = new Set<number>();
  for (let deaths = 0; deaths < 4; deaths++) {
    const pid = await home.daemon();
    pids.add(pid);
    await kill(pid);
  }
  pids.add(await home.daemon());
  t.is(pids.size, 5);
});

test("a daemon that cannot start again loses nothing, and is tried until it can", async (t) => {
  const home = heldHome(t);
  const { configuration, holding } = home;
  const first = await home.daemon();
  const broken = brokenFile(configuration);
  writeFileSync(broken, "");
  const client = await connect(holding.address, portFirst);
  await kill(first);
  await changed(broken, () => readFileSync(broken, "utf8").split("\n").length > 3);
  rmSync(broken);
  const next = await home.daemon();
  await home.serve();
  t.is(await answer(client), String(next));
  t.is(readLives(configuration)[1]?.recovered, holding.count + 1);
});

for (const signal of ["SIGKILL", "SIGABRT"]) {
  test(`a first start that ends with ${signal} is told, and not repeated`, async (t) => {
    const { configuration } = heldHome(t);
    const program = join(configuration.home, "crash.mjs");
    writeFileSync(program, `process.kill(process.pid, "${signal}")`);
    const starting = ensureDaemon({ program, configure: () => configuration });
    const error = await t.throwsAsync(starting, { instanceOf: ImError });
    t.is(error?.details.received, `it ended with ${signal}`);
    t.false(existsSync(configuration.lockFile));
    t.false(existsSync(configuration.keeperFile));
  });
}

test("a step that a test kills the daemon at is survived by the next one", async (t) => {
  const home = heldHome(t);
  const order = join(home.configuration.home, "kill");
  writeFileSync(order, "daemon@wake");
  process.env["IM_TEST_KILL"] = order;
  const first = await home.daemon();
  delete process.env["IM_TEST_KILL"];
  await t.throwsAsync(home.serve());
  await ended(first);
  const second = await home.daemon();
  t.not(second, first);
  await home.serve();
  t.is(await home.daemon(), second);
});

test("a home that was removed is not served again", async (t) => {
  const home = heldHome(t);
  const daemon = await home.daemon();
  const keeper = home.keeper();
  execFileSync("rm", ["-r", home.configuration.home]);
  await kill(daemon);
  await ended(keeper);
  t.false(existsSync(home.configuration.home));
});
