/** Several homes, and several beginnings of one. */

import { isDaemon } from "../process/daemon-process.js";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

async function dial(world: World, where: string): Promise<string> {
  const client = world.startClient(built("dial"));
  client.write(`${where} 7000`);
  return (await client.finish()).stdout.trim();
}

needing()("two homes have hosts of the same name, and neither sees the other's", async (t) => {
  const [one, other] = [await World.of(t), await World.of(t)];
  await Promise.all([one.deploy({ guest }), other.deploy({ guest })]);
  t.deepEqual(await Promise.all([dial(one, "guest"), dial(other, "guest")]), ["life 1", "life 1"]);
  const [here, there] = [await one.host("guest"), await other.host("guest")];
  t.not(here.address, there.address);
  t.notDeepEqual(here.pids, there.pids);
  t.is(await dial(one, there.address), "connect: EHOSTUNREACH");
  t.is(await dial(other, here.address), "connect: EHOSTUNREACH");
  t.is((await one.im("down")).code, 0);
  t.deepEqual(one.processes(), []);
  t.is(await dial(other, "guest"), "life 1");
  t.deepEqual((await other.host("guest")).pids, there.pids);
});

needing()("eight deploys at once in a new home find one daemon", async (t) => {
  const world = await World.of(t);
  const files = await Promise.all(
    Array.from({ length: 8 }, (_, number) => {
      const manifest = { deployment: `shop-${number}`, hosts: { guest } };
      return world.write(`shop-${number}.yaml`, JSON.stringify(manifest));
    }),
  );
  const ended = await Promise.all(files.map((file) => world.im("deploy", file)));
  t.deepEqual(
    ended.map(({ code, stderr }) => `${code} ${stderr}`),
    files.map(() => "0 "),
  );
  const daemons = world.processes().filter(({ command }) => isDaemon(command));
  t.is(daemons.length, 1, daemons.map(({ command }) => command).join("\n"));
});

needing()("eight deploys at once of the same manifest end as one", async (t) => {
  const world = await World.of(t);
  const file = await world.write(
    "shop.yaml",
    JSON.stringify({ deployment: "shop", hosts: { guest } }),
  );
  const ended = await Promise.all(Array.from({ length: 8 }, () => world.im("deploy", file)));
  t.deepEqual(
    ended.map(({ code, stderr }) => `${code} ${stderr}`),
    ended.map(() => "0 "),
  );
  t.is(await dial(world, "guest"), "life 1");
});
