import { Agent, request } from "undici";
import { needing } from "./requirements.js";
import { fixture, freePort, World } from "./world.js";

needing("redis-server")("one request from outside boots three tiers, one by one", async (t) => {
  const port = await freePort();
  const tier = (own: number, next: string) => ({
    command: [process.execPath, fixture("tier.mjs"), String(own), next],
    listen: [own],
  });
  const world = await World.of(t, {
    front: { ...tier(8080, "http://middle:3000/"), publish: [`${port}:8080`] },
    middle: tier(3000, "redis://cache:6379"),
    cache: {
      command: "redis-server --save '' --bind 0.0.0.0 --protected-mode no",
      listen: [6379],
    },
  });
  const dispatcher = new Agent();
  const { body } = await request(`http://127.0.0.1:${port}/`, { dispatcher });
  t.is(await body.text(), "front > middle > visit :1");
  await dispatcher.close();
  const { stdout } = await world.im("events", "--json");
  const woken = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ to }) => to === "running")
    .map(({ host, signal, by, incarnation }) => `${host} ${incarnation} by ${signal} of ${by}`);
  t.deepEqual(woken.sort(), [
    "cache 1 by connect of middle",
    "front 1 by connect of outside",
    "middle 1 by connect of front",
  ]);
  const { chain, chainBegins } = await world.client.why("shop", "cache");
  t.deepEqual(
    chain.map(({ host, by, port }) => `${host}:${port} by ${by}`),
    ["cache:6379 by middle", "middle:3000 by front", "front:8080 by outside"],
  );
  t.is(chainBegins, "outside");
  // A machine that is too busy may not find out who connected, but never names anybody else.
  for (const { pid, program, phases } of chain.slice(0, 2)) {
    if (pid !== null) t.is(program, "node");
    t.deepEqual(
      phases.slice(0, 2).map(({ name }) => name),
      ["claiming", "invoking"],
    );
    t.is(phases.at(-1)?.name, "starting");
  }
});
