/** A life outlasts any number of invocations, and nobody notices. */
import type { ExecutionContext } from "ava";
import { needing } from "../process/requirements.js";
import { fixture, World } from "../process/world.js";
import { traffic } from "./traffic.js";

const handOvers = 40;
const requests = 2000;

async function pass(t: ExecutionContext, timeoutSeconds: number): Promise<void> {
  const world = await World.of(t);
  world.environment["IM_TEST_TIMEOUT_SECONDS"] = String(timeoutSeconds);
  const command = [process.execPath, fixture("streamer.mjs"), "7000"];
  await world.deploy({ web: { command, listen: [7000] } });
  const address = await world.address("web");
  const enough = () => world.invocations("web") > handOvers;
  const { answers, lines } = await traffic(address, 7000, requests, enough);
  t.log(`${answers.get("life 1\n")} answers, ${lines.length} lines`);
  t.deepEqual([...answers.keys()], ["life 1\n"]);
  t.true((answers.get("life 1\n") ?? 0) >= requests);
  t.is(lines.at(-1), "end");
  t.deepEqual(
    lines.slice(0, -1),
    lines.slice(0, -1).map((_, index) => String(index + 1)),
  );
  const { incarnation, wakes, state } = await world.host("web");
  t.deepEqual({ incarnation, wakes, state }, { incarnation: 1, wakes: 1, state: "running" });
  const seen = (await world.client.events("shop")).map(({ to }) => to);
  t.deepEqual(seen, ["allocating", "running"]);
}

needing()("2,000 requests and a download pass forty hand-overs without an error", (t) =>
  pass(t, 1),
);

needing()("2,000 requests and a download pass forty hand-overs of a deadline of 3 s", (t) => {
  t.timeout(180_000);
  return pass(t, 3);
});
