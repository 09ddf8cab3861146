/** Many lives of one host, and connects at every moment of them. */
import { EventEmitter, once } from "node:events";
import { needing } from "./requirements.js";
import { built, fixture, World } from "./world.js";

const livesMax = 50;
const redis = "redis-server --save '' --bind 0.0.0.0 --protected-mode no";

needing("redis-server")("redis-server is reached in each of 50 lives", async (t) => {
  const world = await World.of(t, { cache: { command: redis, listen: [6379] } });
  const ways = [
    { client: world.startClient(built("dial")), host: "cache" },
    { client: world.start(built("dial")), host: await world.address("cache") },
  ];
  for (let life = 1; life <= livesMax; life += 1) {
    // In turn: the one boots the host, the other finds it running.
    for (const { client, host } of life % 2 === 0 ? ways : [...ways].reverse()) {
      client.write(`${host} 6379 PING`);
      t.is(await client.line(), "+PONG", `life ${life}`);
    }
    t.is((await world.host("cache")).incarnation, life);
    await world.stop("cache");
  }
  for (const { client } of ways) await client.finish();
  t.is(world.invocations("cache"), livesMax);
});

needing()("no connect fails while the host is being stopped and booted again", async (t) => {
  const world = await World.of(t, {
    guest: { command: [built("guest"), "7000"], listen: [7000] },
  });
  const address = await world.address("guest");
  const clients = [
    { program: world.startClient(built("dial")), host: "guest" },
    { program: world.startClient(process.execPath, fixture("dial.mjs")), host: "guest" },
    { program: world.start(built("dial")), host: address },
    { program: world.start(built("dial")), host: address },
  ];
  let stopped = false;
  const answered = new Map<string, number>();
  const answers = new EventEmitter();
  const dialling = clients.map(async ({ program, host }) => {
    while (!stopped) {
      program.write(`${host} 7000`);
      const line = await program.line();
      answered.set(line, (answered.get(line) ?? 0) + 1);
      answers.emit(line);
    }
    await program.finish();
  });
  const ended = Promise.allSettled(dialling);
  const lives = 15;
  for (let life = 1; life <= lives; life += 1) {
    await world.happens(({ to, incarnation }) => to === "running" && incarnation === life);
    // One that is stopped at once may have served nobody: whoever woke it is served by the next.
    if (!answered.has(`life ${life}`)) await once(answers, `life ${life}`);
    await world.stop("guest");
  }
  stopped = true;
  const broken = (await ended).filter(({ status }) => status === "rejected");
  t.deepEqual(broken, [], "clients that did not end as they were told");
  const wrong = [...answered].filter(([line]) => !/^life \d+$/.test(line));
  t.deepEqual(wrong, [], "connects that were not answered by a life");
  t.true(answered.size >= lives);
});
