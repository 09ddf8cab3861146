/** Many clients at once on one host that does not run. */
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

needing("redis-server")("300 plain clients at once boot redis-server once", async (t) => {
  const command = "redis-server --save '' --bind 0.0.0.0 --protected-mode no";
  const world = await World.of(t, { cache: { command, listen: [6379] } });
  const address = await world.address("cache");
  const { stdout } = await world.start(built("herd"), address, "6379", "300", "PING").finish();
  t.is(stdout, "answered 300 failed 0\n");
  t.is(world.invocations("cache"), 1);
  t.is((await world.host("cache")).incarnation, 1);
});

needing()("1,000 plain clients at once on a cold host are all answered by one boot", async (t) => {
  const command = [built("guest"), "7000"];
  const world = await World.of(t, { guest: { command, listen: [7000] } });
  const address = await world.address("guest");
  const { stdout } = await world.start(built("herd"), address, "7000", "1000", "x").finish();
  t.is(stdout, "answered 1000 failed 0\n");
  t.is(world.invocations("guest"), 1);
  t.is((await world.host("guest")).incarnation, 1);
});
