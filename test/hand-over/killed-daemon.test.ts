/** A daemon that is killed in the middle of a hand-over: the life goes on, and nobody notices. */
import { needing } from "../process/requirements.js";
import { fixture, World } from "../process/world.js";
import { traffic } from "./traffic.js";

const steps = ["environment.returning", "recall.before", "recall.after", "environment.continued"];

for (const step of steps) {
  needing()(`a daemon killed at ${step} leaves the life as it is`, async (t) => {
    const world = await World.of(t);
    Object.assign(world.environment, { IM_TEST_TIMEOUT_SECONDS: "1", IM_TEST_KILL: step });
    const command = [process.execPath, fixture("streamer.mjs"), "7000"];
    await world.deploy({ web: { command, listen: [7000] } });
    const address = await world.address("web");
    // The first ends the daemon; what follows is its successor's.
    const enough = () => world.invocations("web") > 3;
    const { answers, lines } = await traffic(address, 7000, 50, enough);
    t.deepEqual([...answers.keys()], ["life 1\n"]);
    t.deepEqual(
      lines.slice(0, -1),
      lines.slice(0, -1).map((_, index) => String(index + 1)),
    );
    // The command line waits for a daemon that is being started again.
    const status = JSON.parse((await world.im("status", "web", "--json")).stdout);
    t.like(status.hosts[0], { incarnation: 1, state: "running" });
  });
}
