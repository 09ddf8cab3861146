/** The wall clock jumps by a day, forwards and back: deadlines and back-offs take no notice. */
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { day, JumpingClock } from "./jumping-clock.js";

const jumps = [
  ["forwards", day],
  ["back", -day],
] as const;

for (const [way, seconds] of jumps) {
  needing()(`a boot goes on when the clock jumps a day ${way}`, async (t) => {
    const world = await World.of(t);
    const clock = JumpingClock.give(world);
    const gate = world.gate("gate");
    await world.deploy({
      guest: { command: [built("guest"), "7000", gate], listen: [7000], bootTimeout: "20s" },
    });
    const client = world.startClient(built("dial"));
    client.write("guest 7000");
    await world.happens(({ to }) => to === "allocating");
    clock.jump(seconds);
    t.is((await world.host("guest")).state, "allocating");
    world.openGate("gate");
    t.is((await client.finish()).stdout, "life 1\n");
    const { at } = await world.happens(({ to }) => to === "running");
    // The jump has reached the daemon: what follows proves something.
    t.true(Math.abs(Date.parse(at) - Date.now() - seconds * 1000) < 60_000, at);
    const took = (await world.host("guest")).lastWake?.tookMs ?? -1;
    t.true(took >= 0 && took < 20_000, `it is said to have taken ${took} ms`);
  });

  needing()(`lives follow one another when the clock has jumped a day ${way}`, async (t) => {
    const world = await World.of(t);
    const clock = JumpingClock.give(world);
    await world.deploy({ guest: { command: [built("guest"), "7000"], listen: [7000] } });
    for (const life of [1, 2, 3]) {
      const client = world.startClient(built("dial"));
      client.write("guest 7000");
      t.is((await client.finish()).stdout, `life ${life}\n`);
      clock.jump(life % 2 === 0 ? 0 : seconds);
      await world.stop("guest");
    }
  });

  needing()(
    `a back-off lasts as long as it should when the clock jumps a day ${way}`,
    async (t) => {
      const world = await World.of(t);
      const clock = JumpingClock.give(world);
      const gate = `${world.directory}/repaired`;
      const command = `test -e ${gate} && exec ${built("guest")} 7000; exit 3`;
      await world.deploy({ guest: { command, shell: true, listen: [7000] } });
      const client = world.startClient(built("dial"));
      client.write("guest 7000");
      t.is(await client.line(), "connect: ECONNREFUSED");
      clock.jump(seconds);
      await world.write("repaired", "");
      const answer = await untilAnswered(() => {
        client.write("guest 7000");
        return client.line();
      });
      t.regex(answer, /^life \d+$/);
      await client.finish();
    },
  );
}

/** The first back-off is half a second, and nobody makes it longer meanwhile. */
async function untilAnswered(dial: () => Promise<string>): Promise<string> {
  const untilMs = performance.now() + 20_000;
  let line = "";
  while (performance.now() < untilMs && !line.startsWith("life ")) line = await dial();
  return line;
}
