/** Keeper and daemon killed at once: the sockets that they held are gone, and what then happens. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

needing()("a deployment that lost keeper and daemon converges with the next command", async (t) => {
  const world = await World.of(t, { serving: guest, resting: guest });
  const client = world.start(built("dial"));
  const ask = async (host: string): Promise<string> => {
    client.write(`${await world.address(host)} 7000`);
    return client.line();
  };
  t.is(await ask("serving"), "life 1");
  for (const file of ["keeper.pid", "daemon.pid"]) {
    const [pid = ""] = readFileSync(join(world.home, file), "utf8").split("\n");
    process.kill(Number(pid), "SIGKILL");
  }
  t.like(await world.im("status"), { code: 0 });
  // Its guest serves on with a socket that is nobody's: it gives way to a life that has one.
  await world.happens(({ host, to }) => host === "serving" && to === "imaginary");
  t.is(await ask("serving"), "life 2");
  t.is(await ask("resting"), "life 1");
  const shimmed = world.startClient(built("dial"));
  shimmed.write("serving 7000");
  t.is(await shimmed.line(), "life 2");
  for (const program of [client, shimmed]) await program.finish();
});
