/** Hosts that have slept long enough, and what comes to them while they are ended. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { LineClient } from "./line-client.js";
import { becomes } from "./watching.js";

const port = 7000;
const idle = { after: "100ms", terminateAfter: "300ms" };
/** Greets with its life; what it does when it is asked to end is its own. */
const server = (atTerm: string, afterMs = 0): readonly string[] => {
  const listen = `require("net").createServer((socket) => {
    socket.on("error", () => undefined);
    const greeting = "life " + process.env.IM_INCARNATION + "\\n";
    setTimeout(() => socket.write(greeting), ${afterMs});
  }).listen(${port});`;
  return [process.execPath, "-e", `process.on("SIGTERM", () => { ${atTerm} }); ${listen}`];
};
let world: World;

test.before("a world with a host for each way to end", async () => {
  world = await World.open();
  const gate = JSON.stringify(world.gate("gate"));
  const end = `const fs = require("fs");
    fs.readSync(fs.openSync(${gate}), Buffer.alloc(1));
    process.exit(0);`;
  const usual = { listen: [port], idle };
  await world.deploy({
    polite: { ...usual, command: [built("guest"), String(port)] },
    stubborn: { ...usual, command: server('console.log("no");'), stopGrace: "300ms" },
    slow: { ...usual, command: server(end) },
    pensive: { ...usual, command: server("process.exit(0);", 40) },
  });
});

test.after.always("nothing is left", () => world.close());

async function pidsOf(host: string): Promise<readonly number[]> {
  const { pids } = await world.host(host);
  return pids;
}

needing()("a host that slept long enough ends by itself, and says so", async (t) => {
  const client = await LineClient.open(await world.address("polite"), port);
  t.is(await client.line(), "life 1");
  const pids = await pidsOf("polite");
  t.true(pids.length > 0);
  await becomes(world, "polite", "imaginary");
  await client.closed;
  t.deepEqual(
    pids.filter((pid) => existsSync(`/proc/${pid}`)),
    [],
  );
  t.regex((await world.im("logs", "polite")).stdout, / out ending\n.* exited code 0\n$/);
  t.is((await world.host("polite")).memoryMb, null);
  // Its client did not come back.
  t.is(world.invocations("polite"), 2);
});

needing()("a guest that does not end when it is asked to is killed", async (t) => {
  const client = await LineClient.open(await world.address("stubborn"), port);
  t.is(await client.line(), "life 1");
  const pids = await pidsOf("stubborn");
  t.true(pids.length > 0);
  await becomes(world, "stubborn", "imaginary");
  await client.closed;
  t.deepEqual(
    pids.filter((pid) => existsSync(`/proc/${pid}`)),
    [],
  );
  t.regex((await world.im("logs", "stubborn")).stdout, / out no\n.* exited .*SIGKILL\n$/);
});

needing()("who comes while a host is being ended is served by its next life", async (t) => {
  const address = await world.address("slow");
  const first = await LineClient.open(address, port);
  t.is(await first.line(), "life 1");
  await becomes(world, "slow", "terminating");
  const opening = LineClient.open(address, port);
  world.openGate("gate");
  await first.closed;
  const second = await opening;
  t.teardown(() => second.reset());
  t.is(await second.line(), "life 2");
});

needing()("who comes while a host is woken for its end is not cut off", async (t) => {
  const address = await world.address("pensive");
  const greeting = async (): Promise<string> => {
    const client = await LineClient.open(address, port);
    const line = await client.line();
    client.reset();
    return line;
  };
  t.is(await greeting(), "life 1");
  for (let round = 1; round <= 6; round += 1) {
    let expired = 0;
    await world.happens(({ host, to, signal }) => {
      if (host === "pensive" && to === "resuming" && signal === "expired") expired += 1;
      return expired === round;
    });
    // Before its guest runs, or after that: whoever comes first decides for those that follow.
    await delay(14 * round);
    t.regex(await greeting(), /^life \d+$/);
  }
});
