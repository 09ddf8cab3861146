/** What a program has in its memory is there after its sleep, for the clients that it had. */
import type { ExecutionContext } from "ava";
import { DeployedServers } from "../programs/deployed-servers.js";
import { ifInstalled } from "../programs/installed.js";
import { postgres, type Server, zookeeperAlone } from "../programs/servers.js";
import * as zookeeper from "../programs/zookeeper.js";
import { asleep, sleeps } from "./watching.js";

async function deployed(t: ExecutionContext, server: Server): Promise<DeployedServers> {
  // The one was answered too fast to tell who spoke last, the other leaves a connection unread.
  const idle = { after: "200ms", terminateAfter: "never", inFlightMax: "1s" };
  const settings = { ...server.settings, idle };
  const who = { isRoot: process.getuid?.() === 0 };
  const servers = await DeployedServers.open([{ ...server, settings }], who);
  t.teardown(() => servers.close());
  t.regex(await servers.ask(server, "shim"), server.answers);
  return servers;
}

ifInstalled(postgres.needs)("a session of PostgreSQL keeps its temporary table", async (t) => {
  const { world } = await deployed(t, postgres);
  const session = world.startClient("psql", "-XAtq", "-h", "postgres", "-U", "im", "postgres");
  session.write("CREATE TEMPORARY TABLE kept AS SELECT 42; SELECT pg_backend_pid();");
  const backend = await session.line();
  for (const times of [1, 2]) {
    await asleep(world, "postgres", times);
    session.write("TABLE kept; SELECT pg_backend_pid();");
    t.deepEqual([await session.line(), await session.line()], ["42", backend]);
  }
  await session.finish();
  t.is((await world.host("postgres")).incarnation, 1);
});

ifInstalled(zookeeperAlone.needs)("a JVM sleeps, and its heap and its sessions live", async (t) => {
  const { world } = await deployed(t, zookeeperAlone);
  const session = world.startClient(...zookeeper.shell("zookeeper"));
  const kept = async (): Promise<void> => {
    session.write("get /kept");
    while ((await session.line()) !== "here");
  };
  // Ephemeral: it is there for as long as the session of this connection.
  session.write("create -e /kept here");
  await kept();
  await asleep(world, "zookeeper", (await sleeps(world, "zookeeper")) + 1);
  await kept();
  session.write("quit");
  await session.finish();
  t.is((await world.host("zookeeper")).incarnation, 1);
});
