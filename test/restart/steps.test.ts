/** A daemon that is killed at any step of a boot loses no connect, and nothing runs twice. */
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const steps = [
  "claim.before",
  "claim.after",
  "invoke.before",
  "invoke.after",
  "environment.accepted",
  "register.before",
  "register.after",
  "gate.opened",
  "connects.admitted",
];

for (const step of steps) {
  needing()(`a daemon killed at ${step} answers all of 50 clients by one life`, async (t) => {
    const world = await World.of(t);
    world.environment["IM_TEST_KILL"] = step;
    await world.deploy({ guest: { command: [built("guest"), "7000"], listen: [7000] } });
    const address = await world.address("guest");
    const herd = world.start(built("herd"), address, "7000", "50", "x");
    t.is((await herd.finish()).stdout, "answered 50 failed 0\n");
    // The command line waits for a daemon that is being started again.
    const status = JSON.parse((await world.im("status", "guest", "--json")).stdout);
    t.like(status.hosts[0], { incarnation: 1, state: "running" });
  });
}
