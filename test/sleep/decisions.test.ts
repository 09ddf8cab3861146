/** What a host may sleep beside, and what keeps it awake, with a server of HTTP. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { WebSocket } from "undici";
import { needing } from "../process/requirements.js";
import { fixture, World } from "../process/world.js";
import { answered, ask } from "./asking.js";
import { asleep, keptBy, sleeps } from "./watching.js";

const port = 7000;
const command = [process.execPath, fixture("habits.mjs"), String(port)];
const soon = { after: "100ms", terminateAfter: "never" };
const capped = { ...soon, inFlightMax: "600ms" };
let world: World;

test.before("a world with a host for each habit", async () => {
  world = await World.open();
  const habits = ["slow", "download", "websocket", "poll", "batch"];
  const cappedHabits = ["forgotten", "reader"];
  await world.deploy({
    ...Object.fromEntries(habits.map((host) => [host, { command, listen: [port], idle: soon }])),
    ...Object.fromEntries(
      cappedHabits.map((host) => [host, { command, listen: [port], idle: capped }]),
    ),
  });
});

test.after.always("nothing is left", () => world.close());

/** It has slept at least once: a server that starts is busy. */
async function rested(t: ExecutionContext, host: string): Promise<string> {
  const address = await world.address(host);
  t.is(await ask(address, port, "/"), "life 1\n");
  await asleep(world, host);
  return address;
}

/** It does not sleep before that is over. */
async function awakeUntil(t: ExecutionContext, host: string, end: Promise<unknown>) {
  const before = await sleeps(world, host);
  await end;
  t.is(await sleeps(world, host), before);
}

needing()("a handler that is silent for long keeps its host awake until it answers", async (t) => {
  const address = await rested(t, "slow");
  const answer = ask(address, port, "/slow?2000");
  await awakeUntil(t, "slow", answer);
  t.is(await answer, "life 1\n");
  await asleep(world, "slow", 2);
});

needing()("a download keeps its host awake for as long as its reader is slow", async (t) => {
  const bytes = 24_000_000;
  const address = await rested(t, "download");
  const response = await answered(address, port, `/large?${bytes}`);
  await awakeUntil(t, "download", keptBy(world, "download", "queued"));
  let read = 0;
  const part = once(response, "data");
  response.on("data", (data) => {
    read += data.length;
  });
  await part;
  response.pause();
  await awakeUntil(t, "download", delay(1000));
  const end = once(response, "end");
  response.resume();
  await awakeUntil(t, "download", end);
  t.is(read, bytes);
  await asleep(world, "download", 2);
});

needing()("a reader that stops for longer than inFlightMax gets the rest later", async (t) => {
  const bytes = 24_000_000;
  const address = await rested(t, "reader");
  const response = await answered(address, port, `/large?${bytes}`);
  await asleep(world, "reader", 2);
  let read = 0;
  for await (const part of response) read += part.length;
  t.is(read, bytes);
});

needing()("a long poll keeps its host awake until it is answered", async (t) => {
  const address = await rested(t, "poll");
  const poll = ask(address, port, "/held");
  await keptBy(world, "poll", "answering");
  await awakeUntil(t, "poll", delay(1000));
  t.is(await ask(address, port, "/release"), "life 1\n");
  t.is(await poll, "life 1\n");
  await asleep(world, "poll", 2);
});

needing()("a long poll protects no longer than inFlightMax, and is answered later", async (t) => {
  const address = await rested(t, "forgotten");
  const poll = ask(address, port, "/held");
  await asleep(world, "forgotten", 2);
  t.is(await ask(address, port, "/release"), "life 1\n");
  t.is(await poll, "life 1\n");
});

needing()("a WebSocket lets its host sleep unless the client spoke last", async (t) => {
  const address = await rested(t, "websocket");
  const socket = new WebSocket(`ws://${address}:${port}/`);
  await once(socket, "open");
  await asleep(world, "websocket", 2);
  const echo = once(socket, "message");
  socket.send("hello");
  t.is((await echo)[0].data, "hello");
  await asleep(world, "websocket", 3);
  // It never answers that.
  socket.send("!");
  await keptBy(world, "websocket", "answering");
  await awakeUntil(t, "websocket", delay(1000));
  const closed = once(socket, "close");
  socket.close();
  await closed;
  await asleep(world, "websocket", 4);
});

needing()("a host that computes without any traffic sleeps when it has done", async (t) => {
  const address = await rested(t, "batch");
  t.is(await ask(address, port, "/burn?2500"), "life 1\n");
  await keptBy(world, "batch", "process");
  await asleep(world, "batch", 2);
  t.is(await ask(address, port, "/burnt"), "true");
});
