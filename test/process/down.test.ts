/** After `im down` nothing is left; `World.close` looks for processes, sockets and files. */
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

const stubborn = `trap '' TERM; setsid sh -c 'trap "" TERM; sleep 1000; :' & echo deaf; sleep 1000`;

needing()("im down in the middle of a boot ends it", async (t) => {
  const world = await World.of(t);
  const command = [built("guest"), "7000", world.gate("never-opened")];
  await world.deploy({ guest: { command, listen: [7000] } });
  const client = world.startClient(built("dial"));
  client.write("guest 7000");
  await world.happens(({ to }) => to === "allocating");
  const down = await world.im("down");
  t.deepEqual([down.code, down.stderr], [0, ""]);
  t.regex(down.stdout, /^shop: ended; logs are in /);
  t.regex(await client.line(), /^connect: (?:ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT)$/);
  await client.finish();
  t.deepEqual(world.processes(), []);
});

needing("setsid")("guests that ignore SIGTERM, and their offspring, are ended", async (t) => {
  const deaf = { command: stubborn, shell: true, ready: "exec", stopGrace: "200ms" };
  const world = await World.of(t, { deaf, "deaf-too": deaf });
  await Promise.all(["deaf", "deaf-too"].map((host) => world.client.wake("shop", host)));
  t.true(world.processes().filter(({ command }) => command.startsWith("sleep ")).length >= 2);
  const down = await world.im("down");
  t.deepEqual([down.code, down.stderr], [0, ""]);
  t.deepEqual(world.processes(), []);
});

needing()("im down ends what a client of im run is connected to", async (t) => {
  const world = await World.of(t, { guest: { command: [built("guest"), "7000"], listen: [7000] } });
  const client = world.startClient("sh", "-c", `${built("dial")}; echo over`);
  client.write("guest 7000");
  t.is(await client.line(), "life 1");
  t.is((await world.im("down")).code, 0);
  t.is((await client.finish()).stdout, "life 1\nover\n");
});

needing()("what was deployed after im down is a new deployment", async (t) => {
  const guest = { command: [built("guest"), "7000"], listen: [7000] };
  const world = await World.of(t, { guest });
  await world.client.wake("shop", "guest");
  t.is((await world.im("down")).code, 0);
  const status = await world.im("status");
  t.is(status.code, 1);
  t.true(status.stderr.startsWith("error[IM_NO_DEPLOYMENT]: "), status.stderr);
  await world.deploy({ guest });
  const { state, incarnation } = await world.host("guest");
  t.deepEqual([state, incarnation], ["imaginary", 0]);
});
