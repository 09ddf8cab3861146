import test from "ava";
import { bearingOf } from "../../host-runtime/bearing.js";
import { Deadline, timeToWorkMs } from "../../host-runtime/deadline.js";
import type { BootEvent, ContinueEvent } from "../../platform/protocol/environment.js";

test("an invocation is answered 5 s before its deadline, a short one after a third", (t) => {
  t.is(timeToWorkMs(900_000), 895_000);
  t.is(timeToWorkMs(10_000), 5_000);
  t.is(timeToWorkMs(3_000), 1_000);
});

test("a deadline that a clock's jump has made absurd is not believed", (t) => {
  for (const leftMs of [-86_400_000, 0, 900_001, 86_400_000]) t.is(timeToWorkMs(leftMs), 895_000);
});

test("without a deadline an invocation has no end", async (t) => {
  const never = new Deadline(null);
  const first = await Promise.race([never.near, new Promise((resolve) => setImmediate(resolve))]);
  t.is(first, undefined);
  t.is(await new Deadline(1_003, 1_000).near, "near");
});

const life: BootEvent = {
  version: 1,
  action: "boot",
  deployment: "shop",
  deployId: "deploy-1",
  host: "web",
  incarnation: 3,
  claim: "claim-3",
  nodeSocket: "node.sock",
  guest: { command: ["web"], directory: "/", environment: {}, preload: false },
  logFile: "web.log",
};
const continuing: ContinueEvent = {
  version: 1,
  action: "continue",
  deployId: "deploy-1",
  host: "web",
  incarnation: 3,
  memory: "boot-1",
  nodeSocket: "node.sock",
};

const bearings = [
  ["its own boot event", life, "same"],
  ["the event that continues it", continuing, "same"],
  ["a boot of an earlier life", { ...life, incarnation: 2 }, "stale"],
  ["a continuation of an earlier life", { ...continuing, incarnation: 2 }, "stale"],
  ["a boot of a newer life", { ...life, incarnation: 4 }, "other"],
  ["a boot by another claim", { ...life, claim: "claim-x" }, "other"],
  ["a continuation elsewhere", { ...continuing, memory: "boot-2" }, "other"],
  ["another host", { ...life, host: "db", incarnation: 1 }, "other"],
  ["another deploy", { ...continuing, deployId: "deploy-2", incarnation: 1 }, "other"],
] as const;

for (const [what, event, bearing] of bearings) {
  test(`${what} is ${bearing} to a life`, (t) => {
    t.is(bearingOf(event, life, "boot-1"), bearing);
  });
}
